"""The lockfiles whose settings for keys, addresses and files the user has agreed to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from llmring.exceptions import ConfigurationError
from llmring.lockfile import atomic_write

_NAME = "trusted.json"


class TrustedLockfiles:
    """The user's list of trusted lockfiles: for each path, the fingerprint that was agreed to.

    Args:
        folder: The user's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def holds(self, lockfile: Path, fingerprint: str) -> bool:
        """Return True if the user agreed to these settings of this lockfile."""
        return self._read().get(_key(lockfile)) == fingerprint

    def add(self, lockfile: Path, fingerprint: str) -> None:
        """Record that the user agrees.

        Raises:
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
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        turnstile = atomic_write.open_turnstile(self._path)
        try:
            atomic_write.enter(turnstile)
            text = json.dumps(change(self._read()), indent=1, sort_keys=True)
            atomic_write.replace(self._path, text.encode())
        finally:
            os.close(turnstile)

    def _read(self) -> dict[str, str]:
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
