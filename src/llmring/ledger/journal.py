"""The rows that a process has not yet written to its ledger, in a file that outlives the process.

A killed process leaves the file behind, and the next one writes its rows to the ledger. The owner
holds a lock on the file, by which others know that it lives. The disk is not waited for: a power
cut may lose the last rows.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from llmring.ledger.spool import line_of, row_in
from llmring.ledger.store import MOST_AT_ONCE, Row, Store

# Windows has no such locks.
_CAN_LOCK = os.name == "posix"

_ENDING = ".journal"


class Journal:
    """The journal of one process, in several files one after the other.

    Args:
        folder: The folder of the files, created on demand, readable by this user alone; None to
            keep nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writing = threading.Lock()
        self._handle: int | None = None
        self._path: Path | None = None
        self._turned: list[tuple[int, Path]] = []
        self._is_broken = folder is None or not _CAN_LOCK

    def add(self, row: Row) -> None:
        """Add a row; never fails, but keeps nothing more after a failure."""
        if self._is_broken:
            return
        line = line_of(row)
        with self._writing:
            try:
                if self._handle is None and self._folder is not None:
                    self._begin(self._folder)
                if self._handle is not None and os.write(self._handle, line) < len(line):
                    self._is_broken = True
            except OSError:
                self._is_broken = True

    def turn(self) -> None:
        """Begin a new file with the next row."""
        with self._writing:
            if self._handle is not None and self._path is not None:
                self._turned.append((self._handle, self._path))
            self._handle = self._path = None

    def forget(self) -> None:
        """Remove the files before the last turn, whose rows are safe."""
        turned, self._turned = self._turned, []
        for handle, path in turned:
            path.unlink(missing_ok=True)
            os.close(handle)

    @contextlib.contextmanager
    def turned(self, are_safe: Callable[[], bool]) -> Iterator[None]:
        """Begin a new file, and remove those before at the end of the context.

        Args:
            are_safe: Returns True then if all rows that were there are safe.
        """
        self.turn()
        yield
        if are_safe():
            self.forget()

    def abandon(self) -> None:
        """Close the files without removing them: they are those of the parent process."""
        self._is_broken = True
        for handle in [self._handle, *(handle for handle, _ in self._turned)]:
            if handle is not None:
                os.close(handle)
        self._handle, self._turned = None, []

    def _begin(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{os.getpid()}-{os.urandom(5).hex()}{_ENDING}"
        fresh = path.with_suffix(".tmp")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            # Before it has its name: without the lock, it would pass for one left behind.
            _lock(handle)
            fresh.rename(path)
        except OSError:
            os.close(handle)
            fresh.unlink(missing_ok=True)
            raise
        self._handle, self._path = handle, path


def take_up(folder: Path, store: Store) -> None:
    """Write the rows of killed processes to the ledger, and remove their journals.

    Args:
        folder: The folder of the journals.
        store: The ledger.

    Raises:
        LedgerUnusableError: They could not be written.
        OSError: A journal can't be removed.
    """
    for path, rows in left_behind(folder):
        for start in range(0, len(rows), MOST_AT_ONCE):
            store.write(rows[start : start + MOST_AT_ONCE])
        path.unlink(missing_ok=True)


def left_behind(folder: Path) -> Iterator[tuple[Path, list[Row]]]:
    """Yield the journals of processes that have been killed, with their rows."""
    if not _CAN_LOCK:
        return
    for path in sorted(folder.glob(f"*{_ENDING}")):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR)
            try:
                _lock(handle)
                lines = path.read_bytes().split(b"\n")
            finally:
                os.close(handle)
            yield path, [*_rows(lines[:-1])]


def _lock(handle: int) -> None:
    """Lock a file.

    Raises:
        OSError: Another process has locked it, or the file system has no locks.
    """
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _rows(lines: list[bytes]) -> Iterator[Row]:
    for line in lines:
        # The disk may have been full in the middle of a line.
        with contextlib.suppress(ValueError):
            yield row_in(line)
