"""Lockfiles on disk: finding, reading and replacing.

Lockfiles are read and written only here, with the help of `atomic_write`. Writes are atomic, and
writers take turns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Literal

from msgspec import Struct

from llmring.exceptions import (
    LockfileError,
    LockfileExistsError,
    LockfileNotFoundError,
    LockfileParseError,
)
from llmring.lockfile import atomic_write
from llmring.lockfile.default_lockfile import BUNDLED, bundled_lockfile
from llmring.lockfile.default_lockfile import NAME as _NAME
from llmring.lockfile.document import parse

NAME = _NAME

Rule = Literal["argument", "environment", "folder", "package", "bundled"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_BOM = b"\xef\xbb\xbf"
_WRITE_FIXES = {
    errno.EACCES: "allow writing to its folder",
    errno.EPERM: "allow writing to its folder",
    errno.EROFS: "use a lockfile outside this read-only file system",
    errno.EBUSY: "mount its folder instead of the single file",
    errno.ENOSPC: "free some disk space",
    errno.ETIMEDOUT: "stop the process that is writing it, or try again",
}


_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda _: True, "a device"),
)


class LockfileSource(Struct, frozen=True):
    """The active lockfile's path, and the rule that selected it.

    Attributes:
        path: The file, absolute.
        rule: Where the path came from: the argument, the environment, the working folder, the
            calling package, or, failing all these, llmring's bundled lockfile.
        writable: Whether the file may be edited; that of an installed package may not.
        searched: The working folder, if the bundled lockfile is used because it has none.
    """

    path: Path
    rule: Rule
    writable: bool
    searched: Path | None = None


def find(
    explicit: str | PathLike[str] | None,
    environment: str | None,
    cwd: Path,
    package: Path | None = None,
) -> LockfileSource:
    """Find the active lockfile: argument, environment, working folder, package, or bundled.

    Args:
        explicit: The path that the caller gives, if any; it must exist.
        environment: The value of LLMRING_LOCKFILE_PATH, if set; the file must exist.
        cwd: The working folder, absolute.
        package: The lockfile of the calling package, if it has one.

    Raises:
        LockfileNotFoundError: The file given by argument or environment does not exist.
    """
    named: tuple[tuple[str | PathLike[str] | None, Rule, str], ...] = (
        (explicit, "argument", "the given lockfile"),
        (environment, "environment", "the lockfile in LLMRING_LOCKFILE_PATH"),
    )
    for name, rule, noun in named:
        if name is None or (rule == "environment" and not name):
            continue
        path = cwd / name
        if path.is_dir():
            raise LockfileNotFoundError(
                f"{noun} is a folder; name the file, such as {path / NAME}", path=path
            )
        if not path.exists():
            raise _missing(path, noun)
        return LockfileSource(path, rule, is_writable(path))
    local = cwd / NAME
    # Whatever has the name is chosen, so that reading it reports a broken link or a folder.
    if os.path.lexists(local):
        return LockfileSource(local, "folder", is_writable(local))
    if package is not None:
        return LockfileSource(package, "package", writable=False)
    return LockfileSource(bundled_lockfile(), "bundled", writable=False, searched=cwd)


def find_above(folder: Path) -> Path | None:
    """Return the nearest lockfile in a folder above this one, which is never used by itself."""
    return next(filter(os.path.lexists, (above / NAME for above in folder.parents)), None)


def is_writable(path: Path) -> bool:
    """Return True if a lockfile may be edited, that is, belongs to no installed package."""
    real = _real(path)
    return real != _real(BUNDLED) and not _INSTALLED.intersection(real.parts)


def writable_target(source: LockfileSource, cwd: Path) -> Path:
    """Return the file to edit: the active one if it is writable, or else `./llmring.lock`.

    A file named by the environment stays the target even if it is not writable, so that the edit
    fails: later processes would not read a file written elsewhere.
    """
    stays = source.writable or source.rule == "environment"
    return source.path if stays else cwd / NAME


def read(path: Path) -> str:
    """Read the text of a lockfile.

    Raises:
        LockfileNotFoundError: The file does not exist.
        LockfileParseError: The file is not UTF-8.
        LockfileError: The file can't be read.
    """
    return decode(_bytes(path), path)


def decode(data: bytes, path: Path | None = None) -> str:
    """Decode the bytes of a lockfile, dropping a byte order mark.

    Raises:
        LockfileParseError: The bytes are not UTF-8.
    """
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8").split("\n")
        raise LockfileParseError(
            f"not UTF-8: {error.reason}; save the file as UTF-8",
            path=path,
            line=len(before),
            column=len(before[-1]) + 1,
        ) from error


def update(path: Path, change: Callable[[str], str], *, new: str = "") -> bool:
    """Edit a lockfile, taking turns with other processes.

    Links are followed; the mode of the file and its byte order mark are kept.

    Args:
        path: The file; it and its folder are created if missing.
        change: Returns the new text for the old one. If it raises, nothing is written.
        new: The text to start from if the file does not exist.

    Returns:
        True if the file was written: its text changed, or it is new.

    Raises:
        LockfileError: The file is not a lockfile, or can't be written.
    """
    with _turn(path) as real:
        exists = real.exists()
        data = _bytes(real) if exists else new.encode()
        before = decode(data, path)
        parse(before, path)
        after = change(before)
        if after == before and exists:
            return False
        bom = _BOM if data.startswith(_BOM) else b""
        _replace(real, bom + after.encode("utf-8"), path)
    return True


def create(path: Path, text: str, *, force: bool = False) -> None:
    """Write a new lockfile; its folder is created if missing.

    Args:
        path: The file.
        text: The content.
        force: Whether to replace an existing file.

    Raises:
        LockfileExistsError: The file exists, and `force` is not set.
        LockfileError: The file can't be written.
    """
    with _turn(path) as real:
        if real.exists() and not force:
            raise LockfileExistsError("exists already; pass force=True to replace it", path=path)
        _replace(real, text.encode("utf-8"), path)


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except FileNotFoundError:  # the working folder has been removed
        return path


def _bytes(path: Path) -> bytes:
    try:
        _require_regular(path.stat(), path)
        # Without waiting: a pipe that has taken the file's place would never open.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as opened:  # noqa: PTH123 -- a handle has no path
            return opened.read()
    except FileNotFoundError as error:
        raise _missing(path, "the lockfile") from error
    except OSError as error:
        raise LockfileError(f"can't be read: {error.strerror}", path=path) from error


def _require_regular(found: os.stat_result, path: Path) -> None:
    """Check that a path leads to a file that ends.

    Raises:
        LockfileError: It is a folder, a device, a pipe or a socket.
    """
    if not stat.S_ISREG(found.st_mode):
        kind = next(name for is_kind, name in _KINDS if is_kind(found.st_mode))
        raise LockfileError(f"is {kind}, not a file; name a file, such as {NAME}", path=path)


def _missing(path: Path, noun: str) -> LockfileNotFoundError:
    return LockfileNotFoundError(
        f"{noun} does not exist; create it: llmring lock init --file {path}", path=path
    )


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[Path]:
    """Give the real path of a lockfile while no other process may write it."""
    if not is_writable(path):
        raise LockfileError(
            "belongs to an installed package and can't be edited; create your own: "
            "llmring lock init",
            path=path,
        )
    real = _real(path)
    with contextlib.ExitStack() as turn:
        with _writing(path):
            real.parent.mkdir(parents=True, exist_ok=True)
            turn.enter_context(atomic_write.turn(real))
        yield real


def _replace(real: Path, data: bytes, path: Path) -> None:
    if real.exists() and not os.access(real, os.W_OK):
        raise LockfileError("is read-only; make it writable first", path=path)
    with _writing(path):
        atomic_write.replace(real, data)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = _WRITE_FIXES.get(error.errno or 0, "use a lockfile elsewhere")
        raise LockfileError(f"can't be written: {error.strerror}; {fix}", path=path) from error


def working_folder() -> Path:
    """Return the working folder; the relative path `.` if it has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


def shown(path: Path) -> Path:
    """Return the path relative to the working folder if it is inside, else unchanged."""
    try:
        return path.relative_to(working_folder())
    except ValueError:
        return path
