"""The log of calls and of changes of the gateway's state."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from llmring.clock import Clock
from llmring.exceptions import ConfigurationError
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.log_lines import log_line

STDERR = "-"


class AccessLog:
    """A log of JSON lines.

    Several processes may write to one file: each line is written at once, to its end. A file that
    was moved away is created again.

    Args:
        place: The path of the file; `STDERR` for the standard error stream.
        clock: The wall clock.

    Raises:
        ConfigurationError: The file can't be written.
    """

    def __init__(self, place: str, clock: Clock) -> None:
        self._path = None if place == STDERR else Path(place)
        self._clock = clock
        self._file: int | None = None
        try:
            self._file = self._opened()
        except OSError as error:
            raise ConfigurationError(
                f"the access log {place} can't be written: {error.strerror or error}"
            ) from error

    def write(self, call: FinishedCall) -> None:
        """Log a call that has ended."""
        self._write(log_line(call))

    def report(self, event: str, facts: Mapping[str, object]) -> None:
        """Log a change of state.

        Args:
            event: The change, such as "started".
            facts: More about it.
        """
        self._write(log_line({"time": self._clock.now(), "event": event, **facts}))

    def reopen(self) -> None:
        """Create the file again if it was moved away."""
        if self._path is None or self._file is None:
            return
        with contextlib.suppress(OSError):
            if not _is_same(self._path, self._file):
                before, self._file = self._file, self._opened()
                os.close(before)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self._path is not None:
            os.close(self._file)
        self._file = None

    def _opened(self) -> int:
        if self._path is None:
            return sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _write(self, line: bytes) -> None:
        # A full disk must not end a call.
        with contextlib.suppress(OSError):
            if self._file is not None:
                os.write(self._file, line)


def _is_same(path: Path, file: int) -> bool:
    try:
        found, own = path.stat(), os.fstat(file)
    except FileNotFoundError:
        return False
    return (found.st_ino, found.st_dev) == (own.st_ino, own.st_dev)
