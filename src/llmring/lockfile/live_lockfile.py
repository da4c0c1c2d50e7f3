"""A lockfile that is read again after a change of its file.

A small file is read by the call that sees the change. A large one, which would hold up an event
loop, is read in a thread, once for all calls that see the change; until it is read, calls go by the
version before it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from llmring.clock import SYSTEM, Clock
from llmring.exceptions import LockfileError
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.file import read

THREAD = "llmring-lockfile"
# From this size in bytes on, a changed file is read in a thread; below, that takes some 3 ms.
LARGE = 32 * 1024
# A file that changed less than this before it was read may change again with the same timestamp:
# file systems and kernels count time in ticks, of at most 10 ms on Linux.
_TICK_NS = 50_000_000

T = TypeVar("T")

# Modification time in ns, size in bytes, and inode.
_Signature = tuple[int, int, int]


class _Version(Struct, Generic[T], frozen=True):
    """A version of a lockfile, and what was seen of the file when it was last read.

    Attributes:
        form: What was made of the lockfile.
        text: The text of the file.
        seen: The file's signature before it was read; None for a missing file.
        settled: False if the file may have changed since with the same signature.
        broken: True if the file could not be read, so that the version is an earlier one.
        forgotten: True if the file is to be read whether it has changed or not.
        error: What reading it in a thread has raised; for the next call to raise.
    """

    form: T
    text: str
    seen: _Signature | None
    settled: bool
    broken: bool = False
    forgotten: bool = False
    error: Exception | None = None


class LiveLockfile(Generic[T]):
    """A lockfile that is read again when its file has changed.

    If the file disappears or becomes invalid, the last good version stays in use, and one warning
    is logged.

    Args:
        path: The file.
        form: Makes of a version what calls use.
        complete: Works out what calls will need of it, where a thread reads the file.
        clock: The wall clock, to compare with the file's own time.

    Attributes:
        check: Raises a LockfileError for a changed version that is not to be used; None for no
            such check.
    """

    def __init__(
        self,
        path: Path,
        form: Callable[[Lockfile], T],
        complete: Callable[[T], object] | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.check: Callable[[Lockfile], object] | None = None
        self._path = path
        self._form = form
        self._complete = complete
        self._clock = clock
        self._name = os.fspath(path)
        self._last: _Version[T] | None = None
        self._reader: threading.Thread | None = None

    def current(self) -> T:
        """Return the lockfile as it is now, or its last good version.

        Right after a change of a large file, that is the version before the change.

        Raises:
            LockfileError: The file can't be read now and never could be.
        """
        last = self._last
        seen = _signature(self._name)
        if last is not None:
            if last.settled and seen == last.seen:
                return last.form
            if last.error is not None:
                self._replace(last, msgspec.structs.replace(last, settled=True, error=None))
                raise last.error
            is_large = seen is not None and seen[1] >= LARGE
            if is_large and not last.forgotten and self._reads_in_thread(last):
                return last.form
        now, warnings = self._read(last, seen)
        self._publish(last, now, warnings)
        return now.form

    def latest(self) -> T:
        """Return the version that `current` returned last, without a look at the file."""
        return self.current() if self._last is None else self._last.form

    @property
    def is_stale(self) -> bool:
        """True if the file could not be used when it was last read."""
        return self._last is not None and self._last.broken

    def forget(self) -> None:
        """Read the file again on the next call, changed or not."""
        with _lock:
            if self._last is not None:
                self._last = msgspec.structs.replace(self._last, settled=False, forgotten=True)

    @property
    def reader(self) -> threading.Thread | None:
        """The thread that reads the file; None between readings."""
        reader = self._reader
        return reader if reader is not None and reader.is_alive() else None

    def _reads_in_thread(self, last: _Version[T]) -> bool:
        """Have the file read in a thread; return False if none can start."""
        with _lock:
            # After a fork, the thread is dead in the child, which then starts its own. And another
            # call may have had the file read since this one has looked at it.
            if self.reader is None and self._last is last:
                # No daemon: it ends by itself, and may log, which needs a whole interpreter.
                reader = threading.Thread(target=self._run, args=(last,), name=THREAD)
                try:
                    reader.start()
                except RuntimeError:
                    return False
                self._reader = reader
        return True

    def _run(self, last: _Version[T]) -> None:
        seen = _signature(self._name)
        warnings: list[str] = []
        try:
            now, warnings = self._read(last, seen)
            if self._complete is not None and now.form is not last.form:
                self._complete(now.form)
        except Exception as error:  # noqa: BLE001 -- the next call raises it
            now = msgspec.structs.replace(last, seen=seen, settled=False, error=error)
        self._publish(last, now, warnings)

    def _read(
        self, last: _Version[T] | None, seen: _Signature | None
    ) -> tuple[_Version[T], list[str]]:
        """Read the file; return its version and what to warn of."""
        # A write during the read changes the signature, or leaves one too recent to be trusted.
        settled = seen is None or abs(self._clock.time_ns() - seen[0]) > _TICK_NS
        try:
            text = read(self._path)
            if last is not None and not last.forgotten and text == last.text:
                return _Version(last.form, text, seen, settled), []
            lockfile = parse(text, self._path)
            if self.check is not None:
                self.check(lockfile)
        except LockfileError as error:
            if last is None:
                raise
            warnings = [] if last.broken else [f"{error}; the last good version stays in use"]
            return _Version(last.form, last.text, seen, settled, broken=True), warnings
        warnings = [problem.render(self._path) for problem in lockfile.warnings]
        return _Version(self._form(lockfile), text, seen, settled), warnings

    def _publish(self, last: _Version[T] | None, now: _Version[T], warnings: list[str]) -> None:
        if self._replace(last, now):
            for message in warnings:
                _warn(message)

    def _replace(self, last: _Version[T] | None, now: _Version[T]) -> bool:
        """Use a version in place of the one before it, unless another one is in use by now."""
        with _lock:
            if self._last is not last:
                return False
            self._last = now
            return True


# Held for a few instructions only, never while a file is read.
_lock = threading.Lock()


def _forget_lock_in_child() -> None:
    # Another thread may have held the lock at the moment of the fork.
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)


def _signature(path: str) -> _Signature | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- on each look-up, and a Path's takes twice as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _warn(message: str) -> None:
    import logging

    logging.getLogger("llmring").warning("%s", message)
