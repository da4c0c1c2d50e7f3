"""A file by which the processes of a machine learn that all kept answers are to be removed."""

from __future__ import annotations

from pathlib import Path

from llmring.exceptions import ConfigurationError
from llmring.lockfile import atomic_write

_NAME = "answers.cleared"


class ClearMark:
    """The mark of the last time that all kept answers were removed.

    Args:
        state_dir: The user's state folder.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / _NAME

    def now(self) -> tuple[int, int] | None:
        """Return a value that is another one after each `set`."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def set(self) -> None:
        """Have all processes remove their kept answers.

        Raises:
            ConfigurationError: The user has no home folder.
            OSError: The file can't be written.
        """
        if not self._path.is_absolute():
            raise ConfigurationError(
                "without a home folder, gateways can't be reached; set HOME or XDG_STATE_HOME as "
                "for llmring serve, or start the gateway again"
            )
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write.turn(self._path):
            atomic_write.replace(self._path, b"", mode=0o600)
