"""The lock of a job's folder: one run at a time."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from llmring.exceptions import ConfigurationError


class JobLock:
    """The lock of a folder, which ends with the process that holds it.

    On a network file system without locks for files, two machines may hold it at once.

    Args:
        path: The lock file.

    Raises:
        ConfigurationError: Another process holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _entered(self._handle):
            holder = os.read(self._handle, 200).decode("utf-8", "replace").strip()
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
