"""Leases of partitions: files on shared storage, so that one worker at a time has a partition.

A lease is a file with a number. The newest one counts; a worker takes a partition by creating the
next number, which the file system lets only one worker do. Its holder touches it again and again.
A lease that was not touched for long has lost its holder. All times are those of the storage, so
that the clocks of machines may differ.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_ENDED = "ended"


class LeaseTimes(Struct, frozen=True):
    """The times of leases, in seconds.

    Attributes:
        heartbeat: Between two touches of a lease.
        expiry: Without a touch, until another worker may take the partition.
        look: Between two looks whether the worker is to stop.
    """

    heartbeat: float = 10.0
    expiry: float = 60.0
    look: float = 1.0


class Lease:
    """A lease that this process holds; `take_lease` takes it.

    Args:
        folder: The folder of the partition.
        number: The number of the lease, which is also that of the attempt.
        holder: What identifies its holder.
        times: The times.

    Attributes:
        number: The number of the lease.
    """

    def __init__(self, folder: Path, number: int, holder: str, times: LeaseTimes) -> None:
        self._folder = folder
        self.number = number
        self._holder = holder
        self._times = times
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_ours(self) -> bool:
        """True if no other worker has taken the partition."""
        if (self._folder / _name(self.number + 1)).exists():
            return False
        with suppress(OSError):
            holder = (self._folder / _name(self.number)).read_text(encoding="utf-8")
            return holder == self._holder
        return False

    def keep(self, on_loss: Callable[[], object], must_stop: Callable[[], bool]) -> None:
        """Touch the lease from a thread until its end.

        Args:
            on_loss: Called from that thread, once, if another worker has taken the partition, or
                if this one must stop.
            must_stop: Returns True if this worker must stop.
        """
        self._thread = threading.Thread(
            target=self._touch_again, args=(on_loss, must_stop), name="llmring-lease", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """End the lease, so that another worker may take the partition at once."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self.is_ours:
            fresh = self._folder / f"{_name(self.number)}.{uuid.uuid4().hex}"
            fresh.write_text(_ENDED, encoding="utf-8")
            fresh.replace(self._folder / _name(self.number))

    def _touch_again(self, on_loss: Callable[[], object], must_stop: Callable[[], bool]) -> None:
        left = self._times.heartbeat
        while not self._ended.wait(min(self._times.look, left)):
            left -= self._times.look
            is_lost = must_stop()
            if left <= 0:
                left = self._times.heartbeat
                # A storage that fails for a moment is tried at the next heartbeat.
                with suppress(OSError):
                    os.utime(self._folder / _name(self.number))
                is_lost = is_lost or not self.is_ours
            if is_lost:
                on_loss()
                return


def take_lease(
    folder: Path, holder: str, times: LeaseTimes, dead: Collection[str] = ()
) -> Lease | None:
    """Take the partition of a folder; return None if another worker has it.

    Args:
        folder: The folder of the partition; it is created if it does not exist.
        holder: What identifies this worker's attempt; no other one has it.
        times: The times.
        dead: The attempts that are known to have ended without ending their leases.

    Raises:
        OSError: The storage can't be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = _newest(folder)
    if number and not _is_free(folder, number, times, dead):
        return None
    # Complete from its first moment on: a link fails if the name exists.
    fresh = folder / f"{_name(number + 1)}.{uuid.uuid4().hex}"
    fresh.write_text(holder, encoding="utf-8")
    try:
        _create(fresh, folder / _name(number + 1), holder)
    except FileExistsError:
        return None
    finally:
        fresh.unlink(missing_ok=True)
    return Lease(folder, number + 1, holder, times)


def _create(fresh: Path, path: Path, holder: str) -> None:
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:
        # A storage without links. A reader may see the file while it is empty, as held.
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        try:
            os.write(file, holder.encode())
        finally:
            os.close(file)


def _newest(folder: Path) -> int:
    numbers = [
        int(path.name.removeprefix("lease-"))
        for path in folder.glob("lease-*")
        if path.name.removeprefix("lease-").isdecimal()
    ]
    return max(numbers, default=0)


def _is_free(folder: Path, number: int, times: LeaseTimes, dead: Collection[str]) -> bool:
    path = folder / _name(number)
    holder = path.read_text(encoding="utf-8")
    if holder == _ENDED or holder in dead:
        return True
    return _storage_time(folder) - path.stat().st_mtime > times.expiry


def _storage_time(folder: Path) -> float:
    """Return the time by the clock of the storage."""
    probe = folder / f"clock.{uuid.uuid4().hex}"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _name(number: int) -> str:
    return f"lease-{number:04}"
