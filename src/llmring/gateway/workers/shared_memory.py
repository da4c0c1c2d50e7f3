"""The memory that the workers of a gateway share."""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import tempfile
from collections.abc import Collection, Iterator

from llmring.gateway.affinity import MOST
from llmring.gateway.shared_table import SharedTable, SharedTables, size_of
from llmring.gateway.watching import metric_store, recent_calls
from llmring.gateway.watching.metric_store import MetricStore
from llmring.gateway.watching.recent_calls import RecentCalls
from llmring.gateway.watching.watching import Records

# So many that few buckets are full while as many conversations run as one process remembers.
_CONVERSATIONS = MOST // 2
_ALIASES = 128
_TABLES_BYTES = size_of(_CONVERSATIONS + _ALIASES)
# While workers are replaced, there may be twice as many as there are to be.
_PLACES = 512
_COUNTS_BYTES = 4 * _PLACES
_METRICS_AT = _TABLES_BYTES + _COUNTS_BYTES
_CALLS_AT = _METRICS_AT + metric_store.size_of(_PLACES)
_BYTES = _CALLS_AT + recent_calls.size_of(_PLACES)


def make_memory() -> int | None:
    """Return the descriptor of new memory; None if the system gives none."""
    try:
        descriptor = _new_descriptor()
    except OSError:
        return None
    try:
        os.ftruncate(descriptor, _BYTES)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _new_descriptor() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("llmring")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class ConnectionCounts:
    """The number of connections that each worker has.

    Args:
        descriptor: The descriptor of the memory, which may be closed after this.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _BYTES)
        # Zero for a place that no worker has, else one more than the connections.
        self._counts = memoryview(self._memory)[_TABLES_BYTES:_METRICS_AT].cast("I")

    def surplus(self, place: int, connections: int) -> int:
        """Enter the number of connections of a worker.

        Args:
            place: Its place.
            connections: The number.

        Returns:
            How many more these are than those of the worker that has the fewest.
        """
        self._counts[place] = connections + 1
        return connections + 1 - min(filter(None, self._counts))

    def leave(self, place: int) -> None:
        """Count the connections of a worker no longer.

        Args:
            place: Its place.
        """
        self._counts[place] = 0

    def close(self) -> None:
        """Release the memory."""
        self._counts.release()
        self._memory.close()


def free_place(taken: Collection[int | None]) -> int | None:
    """Return a place in `ConnectionCounts` that is not taken; None if all are."""
    return next((each for each in range(_PLACES) if each not in taken), None)


def tables_in(descriptor: int) -> SharedTables:
    """Return the tables of the memory.

    Args:
        descriptor: The descriptor, which may be closed after this.
    """
    memory = mmap.mmap(descriptor, _BYTES)
    return SharedTables(
        conversations=SharedTable(memory, 0, _CONVERSATIONS),
        aliases=SharedTable(memory, size_of(_CONVERSATIONS), _ALIASES),
    )


def records_in(descriptor: int, place: int) -> Records:
    """Return the metrics and the last calls of the memory.

    Args:
        descriptor: The descriptor, which stays open.
        place: The place of this process, as in `ConnectionCounts`.
    """
    memory = mmap.mmap(descriptor, _BYTES)
    lock = functools.partial(_locked, descriptor)
    return Records(
        MetricStore(memory, _METRICS_AT, _PLACES, place, lock),
        RecentCalls(memory, _CALLS_AT, _PLACES, place),
    )


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other processes from the memory; the lock of one that ends is released."""
    import fcntl

    fcntl.lockf(descriptor, fcntl.LOCK_EX, 1)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1)
