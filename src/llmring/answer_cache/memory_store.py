"""Kept answers in the memory of a process: of too many, the one asked for longest ago goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

# What an answer takes apart from its bytes: its key, and its place in the dictionary.
_OVERHEAD = 400


class _KeptBytes(Struct, frozen=True, gc=False):
    data: bytes
    until: float


class MemoryStore:
    """Kept answers in memory.

    Args:
        most_bytes: The bytes that they may take together.
        now: Returns the time in seconds, of any clock.
        cleared: Returns a value that changes when all kept answers are to be removed.
    """

    def __init__(
        self, most_bytes: int, now: Callable[[], float], cleared: Callable[[], object]
    ) -> None:
        self._most = most_bytes
        self._now = now
        self._cleared = cleared
        self._mark = cleared()
        self._entries: OrderedDict[str, _KeptBytes] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key; None if nothing is."""
        self._look()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until <= self._now():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry.data

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep something for some time."""
        self._look()
        self._remove(key)
        size = len(data) + _OVERHEAD
        if size > self._most:
            return
        self._entries[key] = _KeptBytes(data, self._now() + seconds)
        self._bytes += size
        while self._bytes > self._most:
            self._remove(next(iter(self._entries)))

    def _look(self) -> None:
        mark = self._cleared()
        if mark != self._mark:
            self._mark = mark
            self._entries.clear()
            self._bytes = 0

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.data) + _OVERHEAD
