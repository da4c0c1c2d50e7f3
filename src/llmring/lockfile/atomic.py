"""A file put whole in the place of another, by one process at a time."""

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
    """Wait for the turn to write; it lasts until the turnstile is closed.

    Raises:
        TimeoutError: Another process has had it for 10 s.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _entered(turnstile):
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "waited too long for another process")
        time.sleep(0.001)


def replace(path: Path, data: bytes) -> None:
    """Put a file with these bytes in the place of another, and onto the disk.

    Whoever reads meanwhile, and whatever crashes, sees the old file or the new one. The new one
    has the old one's mode and, where allowed, its owner.

    Args:
        path: The file, links followed.
        data: What it shall hold.

    Raises:
        OSError: It can't be written; the old file is untouched.
    """
    # One name is enough for those who take turns, and a crash leaves no second file behind.
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
        """What those who write this file pass one by one, to `enter` and to close."""
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
        """Folders can't be synchronised here."""

else:

    def open_turnstile(path: Path) -> int:
        """What those who write this file pass one by one, to `enter` and to close."""
        # The folder itself is locked: that leaves no file behind, whoever may write the file can
        # do it, and the kernel lets go when a process dies.
        return os.open(path.parent, os.O_RDONLY)

    def _entered(turnstile: int) -> bool:
        import fcntl

        try:
            fcntl.flock(turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Where the file system has no locks, writes are still whole.
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
