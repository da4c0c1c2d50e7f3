"""The folder that takes the place of the user's own folders and servers while tests run.

The pytest plugin makes it, and names it to the programs that tests start by LLMRING_TESTS. Only the
places that were the user's when the run began are replaced; a place that a test names is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER, NETWORK = "LLMRING_TESTS", "LLMRING_TESTS_NETWORK"

_FILE = "sandbox.json"


class Sandbox(Struct, frozen=True):
    """The folder of a test run, and the places that it replaces.

    Attributes:
        folder: The folder.
        outside: Digests of the user's places, as addresses of servers may hold passwords.
    """

    folder: Path
    outside: frozenset[str]

    def state_dir(self, folder: Path) -> Path:
        """Return the folder of state to use instead of this one."""
        return self.folder / "state" if self.replaces(folder) else folder

    def cache_dir(self, folder: Path) -> Path:
        """Return the cache folder to use instead of this one."""
        return self.folder / "cache" if self.replaces(folder) else folder

    @property
    def ledger(self) -> Path:
        """The ledger to use instead of the user's."""
        return self.folder / "state" / "ledger.sqlite"

    def replaces(self, place: Path | str | None) -> bool:
        """Check if a folder, a ledger or a server is one of the user's places."""
        return place is not None and _digest(place) in self.outside


# Set while this process runs tests, or was started by one.
current: Sandbox | None = None


def make(folder: Path, outside: Iterable[Path | str], cache: Path) -> Sandbox:
    """Make the sandbox of a test run.

    Args:
        folder: An empty folder.
        outside: The user's places.
        cache: The user's cache folder, whose models and facts tests may read.
    """
    import shutil

    made = Sandbox(folder, frozenset(map(_digest, outside)))
    (folder / "cache").mkdir()
    try:
        for weights in cache.expanduser().glob("*.gguf"):
            (folder / "cache" / weights.name).symlink_to(weights)
        for name in ("registry", "registries"):
            if (cache.expanduser() / name).is_dir():
                shutil.copytree(cache.expanduser() / name, folder / "cache" / name)
    except (OSError, RuntimeError):
        pass  # tests then use what comes with llmring
    (folder / _FILE).write_bytes(msgspec.json.encode(sorted(made.outside)))
    return made


def load(folder: Path) -> Sandbox | None:
    """Return the sandbox that a test run has made; None if it is gone."""
    try:
        outside = msgspec.json.decode((folder / _FILE).read_bytes(), type=frozenset[str])
    except (OSError, msgspec.DecodeError):
        return None
    return Sandbox(folder, outside)


def _digest(place: Path | str) -> str:
    if isinstance(place, Path):
        try:
            place = str(place.expanduser())
        except RuntimeError:
            place = str(place)
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
