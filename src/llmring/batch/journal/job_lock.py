"""The lock of a job's folder: one run at a time."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

from llmring.exceptions import ConfigurationError

# `holder_of` has the lock for a moment.
_TRIES = 5
_PAUSE = 0.04
_MOST_TEXT = 200


class JobLock:
    """The lock of a folder, which ends with the process that holds it.

    NFS passes it on to its server. On a network file system without locks for files, two machines
    may hold it at once.

    Args:
        path: The lock file.

    Raises:
        ConfigurationError: Another process holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _entered_soon(self._handle):
            holder = _text_in(self._handle)
            os.close(self._handle)
            raise ConfigurationError(
                f"{path.parent}: another run of this job is in progress "
                f"({holder or 'its process is not known'}); wait for its end, or stop it"
            )
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())

    def release(self) -> None:
        """Let another process have the lock."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def holder_of(path: Path) -> str | None:
    """Return the process that holds a lock, such as "process 71 on ada"; None if none does."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _entered(handle):
            return None
        return _text_in(handle) or "a process that is not known"
    finally:
        os.close(handle)


def _text_in(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, _MOST_TEXT).decode("utf-8", "replace").strip()


def _entered_soon(handle: int) -> bool:
    for left in reversed(range(_TRIES)):
        if _entered(handle):
            return True
        if left:
            time.sleep(_PAUSE)
    return False


def _entered(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            # Far behind the text, which others read.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
