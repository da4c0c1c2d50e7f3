"""Atomic replacement of a file, by one process at a time."""

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path

_PATIENCE_SECONDS = 10.0
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


def enter(turnstile: int) -> None:
    """Wait until this process may write; its turn lasts until the turnstile is closed.

    Args:
        turnstile: The file descriptor that `open_turnstile` returned.

    Raises:
        TimeoutError: Other processes have held the turnstile for 10 seconds.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _entered(turnstile):
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "waited too long for another process")
        time.sleep(0.001)


def replace(path: Path, data: bytes) -> None:
    """Replace a file atomically and sync it to disk.

    Concurrent readers, and readers after a crash, see either the old file or the new one. The new
    file keeps the mode of the old one and, where permitted, its owner.

    Args:
        path: The file, with links resolved.
        data: The new content.

    Raises:
        OSError: The file can't be written; the old one is unchanged.
    """
    # Writers take turns, so one temporary name is enough, and crashes don't pile up files.
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            if path.exists():
                _dress(fresh, path.stat())
            file.write(data)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


if sys.platform == "win32":

    def open_turnstile(path: Path) -> int:
        """Open the lock that writers of this file share, to pass to `enter` and then close."""
        import hashlib
        import tempfile

        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        turnstile = Path(tempfile.gettempdir()) / f"llmring-{name}.turn"
        return os.open(turnstile, os.O_RDWR | os.O_CREAT)

    def _entered(turnstile: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(turnstile, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno not in _TAKEN
        return True

    def _dress(path: Path, like: os.stat_result) -> None:
        path.chmod(stat.S_IMODE(like.st_mode))

    def _sync_folder(folder: Path) -> None:
        """Skip syncing: Windows can't sync a folder."""

else:

    def open_turnstile(path: Path) -> int:
        """Open the lock that writers of this file share, to pass to `enter` and then close."""
        # Locking the folder itself leaves no lock file behind and needs no permission beyond
        # that of writing the file; the kernel releases the lock when a process dies.
        return os.open(path.parent, os.O_RDONLY)

    def _entered(turnstile: int) -> bool:
        import fcntl

        try:
            fcntl.flock(turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # On a file system without locks, go on: each write is still atomic.
            return error.errno not in _TAKEN
        return True

    def _dress(path: Path, like: os.stat_result) -> None:
        if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):
                os.chown(path, like.st_uid, like.st_gid)
        path.chmod(stat.S_IMODE(like.st_mode))

    def _sync_folder(folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
