"""Lockfiles on disk: found, read, written whole, and read again when they change.

Nothing else in this package touches the disk. A write puts a new file in the place of the old
one, so that readers and crashes see the one or the other; writers take turns.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Literal

from msgspec import Struct

from llmring.clock import SYSTEM, Clock
from llmring.exceptions import (
    LockfileError,
    LockfileExistsError,
    LockfileNotFoundError,
    LockfileParseError,
)
from llmring.lockfile import atomic
from llmring.lockfile.document import Lockfile, parse

NAME = "llmring.lock"
BUNDLED = Path(__file__).parent.parent / NAME

Rule = Literal["argument", "environment", "folder", "package", "bundled"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_BOM = b"\xef\xbb\xbf"
# A file that changed less than this before it was read may change once more without its time
# showing it: file systems and kernels count time in ticks, of 10 ms at most on Linux.
_TICK_NS = 50_000_000
_WRITE_MENDS = {
    errno.EACCES: "allow writing in its folder",
    errno.EPERM: "allow writing in its folder",
    errno.EROFS: "its file system is read-only: use a lockfile elsewhere",
    errno.EBUSY: "it is mounted as a single file: mount its folder instead",
    errno.ENOSPC: "free some space",
    errno.ETIMEDOUT: "another process is writing it: end that process, or try again",
}


class Source(Struct, frozen=True):
    """Where the lockfile in force is, and why that one.

    Attributes:
        path: The file, absolute.
        rule: What chose it: the argument, the environment, the working folder, the package
            that calls, or nothing, so that it is the one that comes with llmring.
        writable: Whether it may be edited; one that belongs to an installed package may not.
    """

    path: Path
    rule: Rule
    writable: bool


def find(
    explicit: str | PathLike[str] | None,
    environment: str | None,
    cwd: Path,
    package: Path | None = None,
) -> Source:
    """The lockfile in force: argument, environment, working folder, package, or llmring's own.

    Args:
        explicit: The path that the caller gives, if any; it must exist.
        environment: What LLMRING_LOCKFILE_PATH says, if anything; it must exist.
        cwd: The working folder, absolute.
        package: The lockfile of the package that calls, if it has one.

    Raises:
        LockfileNotFoundError: A file that was named does not exist.
    """
    named: tuple[tuple[str | PathLike[str] | None, Rule, str], ...] = (
        (explicit, "argument", "the lockfile that was named"),
        (environment, "environment", "the lockfile that LLMRING_LOCKFILE_PATH names"),
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
        return Source(path, rule, is_writable(path))
    local = cwd / NAME
    # A dangling link is somebody's lockfile too; reading it says what is wrong.
    if local.is_file() or local.is_symlink():
        return Source(local, "folder", is_writable(local))
    if package is not None:
        return Source(package, "package", writable=False)
    return Source(BUNDLED, "bundled", writable=False)


def is_writable(path: Path) -> bool:
    """Whether a lockfile may be edited: not if it belongs to an installed package."""
    real = _real(path)
    return real != _real(BUNDLED) and not _INSTALLED.intersection(real.parts)


def writable_target(source: Source, cwd: Path) -> Path:
    """The file that an edit goes to: the one in force, or else `./llmring.lock`.

    What the environment names stays the target even where it may not be written, and is refused:
    the next process would not read what was written elsewhere.
    """
    stays = source.writable or source.rule == "environment"
    return source.path if stays else cwd / NAME


def read(path: Path) -> str:
    """The text of a lockfile.

    Raises:
        LockfileNotFoundError: There is no such file.
        LockfileParseError: It is not UTF-8.
        LockfileError: It can't be read.
    """
    return decode(_bytes(path), path)


def decode(data: bytes, path: Path | None = None) -> str:
    """The text of a lockfile's bytes; a byte order mark is dropped.

    Raises:
        LockfileParseError: They are not UTF-8.
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
    """Change a lockfile, taking turns with other processes that do.

    Links are followed; the mode of the file and its byte order mark are kept.

    Args:
        path: The file; it and its folder are made if need be.
        change: Gives the new text for the old one. If it raises, nothing is written.
        new: The text that a file which does not exist yet begins with.

    Returns:
        Whether the text is another now.

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
    """Write a new lockfile; its folder is made if need be.

    Args:
        path: The file.
        text: What it shall hold.
        force: Whether a file that is there may be replaced.

    Raises:
        LockfileExistsError: It is there, and `force` is not set.
        LockfileError: It can't be written.
    """
    with _turn(path) as real:
        if real.exists() and not force:
            raise LockfileExistsError("exists already; --force replaces it", path=path)
        _replace(real, text.encode("utf-8"), path)


class LiveLockfile:
    """A lockfile that is read again when its file has changed.

    A file that goes missing or bad does not stop a running program: the last good reading stays
    in force, and a warning says so, once.

    Args:
        path: The file.
        clock: The wall clock, to compare with the file's own time.
    """

    def __init__(self, path: Path, clock: Clock = SYSTEM) -> None:
        self._path = path
        self._clock = clock
        self._name = os.fspath(path)
        self._good: Lockfile | None = None
        self._text: str | None = None
        self._seen: _Signature | None = None
        self._settled = False
        self._warned = False

    def current(self) -> Lockfile:
        """The lockfile as it is now, or as it last was when it was good.

        Raises:
            LockfileError: It can't be read, and never could.
        """
        seen = _signature(self._name)
        if self._good is not None and self._settled and seen == self._seen:
            return self._good
        # What is written while this reads has another signature, or one too young to be trusted.
        self._seen = seen
        self._settled = seen is None or abs(self._clock.time_ns() - seen[0]) > _TICK_NS
        try:
            self._good = self._read()
        except LockfileError as error:
            if self._good is None:
                raise
            if not self._warned:
                _warn(f"{error}; what it said before stays in force")
            self._warned = True
        else:
            self._warned = False
        return self._good

    def forget(self) -> None:
        """Have the file read again by the next call, whatever it looks like."""
        self._settled = False
        self._text = None

    def _read(self) -> Lockfile:
        text = read(self._path)
        if self._good is not None and text == self._text:
            return self._good
        lockfile = parse(text, self._path)
        self._text = text
        for problem in lockfile.warnings:
            _warn(problem.render(self._path))
        return lockfile


# When it was changed (in ns), how long it is, and which file it is.
_Signature = tuple[int, int, int]


def _signature(path: str) -> _Signature | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- on each look-up, and a Path's takes twice as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _warn(message: str) -> None:
    import logging

    logging.getLogger("llmring").warning("%s", message)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _missing(path, "the lockfile") from error
    except OSError as error:
        raise LockfileError(f"can't be read: {error.strerror}", path=path) from error


def _missing(path: Path, noun: str) -> LockfileNotFoundError:
    return LockfileNotFoundError(
        f"{noun} does not exist; make it: llmring lock init --file {path}", path=path
    )


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[Path]:
    """The real path of a lockfile, to write it while no other process does."""
    if not is_writable(path):
        raise LockfileError(
            "belongs to an installed package, so it is not edited; make your own: "
            "llmring lock init",
            path=path,
        )
    real = _real(path)
    with _writing(path):
        real.parent.mkdir(parents=True, exist_ok=True)
        turnstile = atomic.open_turnstile(real)
    try:
        with _writing(path):
            atomic.enter(turnstile)
        yield real
    finally:
        os.close(turnstile)


def _replace(real: Path, data: bytes, path: Path) -> None:
    if real.exists() and not os.access(real, os.W_OK):
        raise LockfileError("is read-only; make it writable first", path=path)
    with _writing(path):
        atomic.replace(real, data)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mend = _WRITE_MENDS.get(error.errno or 0, "use a lockfile elsewhere")
        raise LockfileError(f"can't be written: {error.strerror}; {mend}", path=path) from error
