"""Append-only files of lines, each written as a whole before it counts."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_SYNC_SECONDS = 1.0
# The errors of a disk without room, or of a file that may not grow.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BLOCK = 1 << 20
_BINARY = getattr(os, "O_BINARY", 0)


class JournalFile:
    """A file to which lines are appended, each by one `write`.

    A thread syncs it to disk within a second, so that a crash of the machine loses no more than
    that; a kill of the process loses nothing that was written.

    Args:
        path: The file; it is created if it does not exist. A torn last line is cut off.

    Raises:
        OSError: It can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        cut_torn_line(path)
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o600)
        sync_folder(path.parent)
        self._sync_error: OSError | None = None
        self._is_dirty = threading.Event()
        self._is_closed = threading.Event()
        self._syncing = threading.Thread(target=self._sync_again, name="llmring-sync", daemon=True)
        self._syncing.start()

    def write(self, line: bytes) -> None:
        """Append a line, which ends with a line feed.

        Raises:
            OSError: It was not written, and the file is as before; or earlier lines could not be
                synced to disk.
        """
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error
        written = 0
        try:
            written = os.write(self._handle, line)
            while written < len(line):
                written += os.write(self._handle, line[written:])
        except OSError:
            if written:
                os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise
        if not self._is_dirty.is_set():
            self._is_dirty.set()

    def sync(self) -> None:
        """Return once all that was written is on disk.

        Raises:
            OSError: It could not be synced.
        """
        self._sync()
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error

    def close(self) -> None:
        """Sync the file to disk, and close it; an empty one is removed.

        Raises:
            OSError: It could not be synced.
        """
        self._is_closed.set()
        self._is_dirty.set()
        self._syncing.join()
        self._sync()
        is_empty = os.fstat(self._handle).st_size == 0
        os.close(self._handle)
        if is_empty and self._path.is_file():
            self._path.unlink()
        if self._sync_error is not None:
            raise self._sync_error

    def _sync_again(self) -> None:
        while not self._is_closed.is_set():
            self._is_dirty.wait()
            if self._is_closed.wait(_SYNC_SECONDS):
                return
            self._is_dirty.clear()
            self._sync()

    def _sync(self) -> None:
        try:
            getattr(os, "fdatasync", os.fsync)(self._handle)
        except OSError as error:
            # EINVAL: a device, or a file system without it.
            if error.errno != errno.EINVAL:
                self._sync_error = error


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder to disk, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        # Some network file systems sync no folders; they write names at once.
        pass
    finally:
        os.close(handle)


def cut_torn_line(path: Path) -> None:
    """Cut off what a killed process has left behind the last line feed of a file."""
    try:
        file = path.open("rb+")
    except FileNotFoundError:
        return
    with file:
        end = file.seek(0, os.SEEK_END)
        at = end
        while at > 0:
            began = max(0, at - _BLOCK)
            file.seek(began)
            found = file.read(at - began).rfind(b"\n")
            if found >= 0:
                at = began + found + 1
                break
            at = began
        if at < end:
            file.truncate(at)


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the whole lines of a file with their offsets; a torn last line is left out."""
    with path.open("rb") as file:
        at = 0
        for line in file:
            if line.endswith(b"\n"):
                yield at, line
            at += len(line)
