"""Atomic replacement of a file, by one process at a time."""

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PATIENCE_SECONDS = 10.0
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


@contextlib.contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until this process may write a file, and keep other writers waiting meanwhile.

    Args:
        path: The file, with links resolved; its folder exists.

    Raises:
        TimeoutError: Other processes have been writing for 10 seconds.
        OSError: The folder can't be opened.
    """
    turnstile = _open_turnstile(path)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _entered(turnstile):
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "waited too long for another process")
            time.sleep(0.001)
        yield
    finally:
        os.close(turnstile)


def replace(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file atomically and sync it to disk.

    Concurrent readers, and readers after a crash, see either the old file or the new one. The new
    file keeps the mode of the old one and, where permitted, its owner.

    Args:
        path: The file, with links resolved.
        data: The new content.
        mode: The mode of a file that is new, before the user's mask.

    Raises:
        OSError: The file can't be written; the old one is unchanged.
    """
    # Writers take turns, so one temporary name is enough, and crashes don't pile up files.
    fresh = f".{path.name}.tmp"
    with contextlib.closing(_folder(path.parent)) as folder:
        folder.remove(fresh)
        handle = folder.create(fresh, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                folder.dress(handle, fresh, path.name)
                file.write(data)
                file.flush()
                os.fsync(handle)
            folder.rename(fresh, path.name)
        except BaseException:
            folder.remove(fresh)
            raise
        folder.sync()


if sys.platform == "win32":

    def _open_turnstile(path: Path) -> int:
        """Open the lock that writers of this file share."""
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

    class _FolderByPath:
        """The files of a folder, by their paths: Windows has no handles of folders.

        Args:
            path: The folder.
        """

        def __init__(self, path: Path) -> None:
            self._path = path

        def create(self, name: str, mode: int) -> int:
            """Create a file with a mode, and return its descriptor."""
            return os.open(self._path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)

        def dress(self, handle: int, name: str, like: str) -> None:
            """Give a new file the mode of another one, if there is one."""
            del handle
            with contextlib.suppress(FileNotFoundError):
                found = (self._path / like).lstat().st_mode
                if stat.S_ISREG(found):
                    (self._path / name).chmod(stat.S_IMODE(found))

        def rename(self, name: str, target: str) -> None:
            """Put a file in the place of another one."""
            (self._path / name).replace(self._path / target)

        def remove(self, name: str) -> None:
            """Remove a file, if there is one."""
            (self._path / name).unlink(missing_ok=True)

        def sync(self) -> None:
            """Skip syncing: Windows can't sync a folder."""

        def close(self) -> None:
            """Skip closing: nothing is open."""

    _folder = _FolderByPath

else:

    def _open_turnstile(path: Path) -> int:
        """Open the lock that writers of this file share."""
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

    class _FolderByHandle:
        """The files of a folder, by one handle of it.

        If another user owns the folder, a path in it may lead elsewhere from one call to the next.

        Args:
            path: The folder.
        """

        def __init__(self, path: Path) -> None:
            self._handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

        def create(self, name: str, mode: int) -> int:
            """Create a file with a mode, and return its descriptor."""
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            return os.open(name, flags, mode, dir_fd=self._handle)

        def dress(self, handle: int, name: str, like: str) -> None:
            """Give a new file the mode and, where permitted, the owner of another one."""
            del name
            try:
                found = os.stat(like, dir_fd=self._handle, follow_symlinks=False)
            except FileNotFoundError:
                return
            if not stat.S_ISREG(found.st_mode):
                return  # links have a mode that fits no file
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(handle, found.st_uid, found.st_gid)
            os.fchmod(handle, stat.S_IMODE(found.st_mode))

        def rename(self, name: str, target: str) -> None:
            """Put a file in the place of another one."""
            os.rename(name, target, src_dir_fd=self._handle, dst_dir_fd=self._handle)

        def remove(self, name: str) -> None:
            """Remove a file, if there is one."""
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._handle)

        def sync(self) -> None:
            """Write the names of the files to disk."""
            os.fsync(self._handle)

        def close(self) -> None:
            """Close the handle."""
            os.close(self._handle)

    _folder = _FolderByHandle
