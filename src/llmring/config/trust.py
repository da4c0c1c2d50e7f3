"""The lockfiles whose settings for keys, addresses and files the user has agreed to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from llmring.exceptions import ConfigurationError
from llmring.lockfile import atomic_write

_NAME = "trusted.json"


class TrustedLockfiles:
    """The user's list of trusted lockfiles: for each path, the fingerprint that was agreed to.

    Args:
        folder: The user's state folder; None without a home folder, where nothing is remembered.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / _NAME

    def holds(self, lockfile: Path, fingerprint: str) -> bool:
        """Return True if the user agreed to these settings of this lockfile."""
        return self._read().get(_key(lockfile)) == fingerprint

    def add(self, lockfile: Path, fingerprint: str) -> None:
        """Record that the user agrees.

        Raises:
            ConfigurationError: Without a home folder, the list has no place.
            OSError: The list can't be written.
        """
        self._change(lambda found: {**found, _key(lockfile): fingerprint})

    def remove(self, lockfile: Path) -> bool:
        """Take back the user's consent; return False if there was none.

        Raises:
            OSError: The list can't be written.
        """
        gone = _key(lockfile)
        if gone not in self._read():
            return False
        self._change(lambda found: {path: each for path, each in found.items() if path != gone})
        return True

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        if self._path is None:
            raise ConfigurationError(
                "consent can't be kept without a home folder; set HOME or XDG_STATE_HOME, or agree "
                "for one command: --trust"
            )
        path = self._path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write.turn(path):
            text = json.dumps(change(self._read()), indent=1, sort_keys=True)
            atomic_write.replace(path, text.encode(), mode=0o600)

    def _read(self) -> dict[str, str]:
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise ConfigurationError(
                f"{self._path} is not JSON; remove it, and agree again"
            ) from None
        return found if isinstance(found, dict) else {}


def _key(lockfile: Path) -> str:
    return str(lockfile.resolve())
