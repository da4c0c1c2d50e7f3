"""A lockfile that is sent to other machines by its content."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import tomllib
from os import PathLike
from pathlib import Path

from msgspec import Struct

from llmring.config.settings import find_active_lockfile


class CarriedLockfile(Struct, frozen=True):
    """A lockfile by its content.

    Attributes:
        text: The content. It has a `name`, so that all machines count for the same limits.
    """

    text: str

    def put(self) -> Path:
        """Write the lockfile into the temporary folder of this machine, and return its path."""
        mark = hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()
        user = os.getuid() if hasattr(os, "getuid") else 0
        folder = Path(tempfile.gettempdir()) / f"llmring-{user}" / mark
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "llmring.lock"
        if not path.exists() or path.read_text(encoding="utf-8") != self.text:
            # In one step: other processes of the machine may read it.
            own = folder / f"llmring.{os.getpid()}.lock"
            own.write_text(self.text, encoding="utf-8")
            own.replace(path)
        return path


def carry_lockfile(
    path: str | PathLike[str] | None, of_package: Path | None = None
) -> CarriedLockfile:
    """Read the lockfile that calls use here.

    Args:
        path: Its path; None for the usual choice.
        of_package: The lockfile of the calling package, if it has one.

    Raises:
        LockfileNotFoundError: It does not exist.
    """
    source = find_active_lockfile(path, package=of_package)
    text = source.path.read_text(encoding="utf-8")
    try:
        has_name = "name" in tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # The ring reports it, with its place.
        has_name = True
    if not has_name:
        text = f'name = "{_name(source.path.resolve())}"\n{text}'
    return CarriedLockfile(text)


def _name(path: Path) -> str:
    """Return a short name for a lockfile without one: the same as long as it stays where it is."""
    folder = re.sub(r"[^\w.-]", "", path.parent.name, flags=re.ASCII)
    return f"{folder[:40]}-{hashlib.blake2b(str(path).encode(), digest_size=6).hexdigest()}"
