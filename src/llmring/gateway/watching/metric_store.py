"""Numbers in memory that the processes of one gateway share, by metric and labels.

All processes agree on the place of a set of labels, and each one has a column of numbers of its
own, which it alone writes, so that counting needs no lock. A process that takes the place of
another one goes on with its numbers.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import msgspec
from msgspec import Struct

from llmring.gateway.watching.metric_families import FAMILIES, MOST_SERIES, Family, most_lines

# A set of labels has no more numbers than lines in an answer.
_COLUMN_BYTES = MOST_SERIES * 8
_TABLE_BYTES = 512 * 1024
# The table begins with the bytes of its entries, and a byte for each place that was ever taken.
_LENGTH = struct.Struct("<Q")
# Of an entry: the length of its labels in JSON, and the place of its metric in the list.
_ENTRY = struct.Struct("<HH")
_LONGEST_VALUE = 120

_decode = msgspec.json.Decoder(tuple[str, ...]).decode


def size_of(places: int) -> int:
    """Return the bytes of a store.

    Args:
        places: The processes that may count at a time.
    """
    return _TABLE_BYTES + places * _COLUMN_BYTES


class SeriesRow(Struct, frozen=True):
    """A set of labels of a metric, with its numbers."""

    family: Family
    labels: tuple[str, ...]
    numbers: Sequence[float]


class MetricStore:
    """The numbers of one gateway.

    Args:
        memory: The memory, which begins as zeros.
        start: The place of the store in it.
        places: The processes that may count at a time.
        place: The place of this process.
        lock: Returns a context in which no other process adds a set of labels.

    Attributes:
        own: The numbers of this process, by the places that `find` returns.
    """

    def __init__(
        self,
        memory: mmap.mmap,
        start: int = 0,
        places: int = 1,
        place: int = 0,
        lock: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._memory = memory
        self._start = start
        self._places = places
        self._lock = lock
        self._entries = start + _LENGTH.size + places
        column = self._column(place)
        self.own = memoryview(memory)[column : column + _COLUMN_BYTES].cast("d")
        self._at: dict[tuple[int, tuple[str, ...]], int] = {}
        self._numbers = {each.name: number for number, each in enumerate(FAMILIES)}
        # The bytes of the entries that are read, and the numbers and lines that these take.
        self._read = 0
        self._taken = 0
        self._lines = {"histogram": 0, "other": 0}
        memory[start + _LENGTH.size + place] = 1
        with lock():
            self._refresh()
        self.clear_gauges()

    def find(self, family: Family, labels: tuple[str, ...]) -> int | None:
        """Return the place of a set of labels; that of `OTHER` for one beyond the limit.

        Args:
            family: The metric.
            labels: The values of its labels.

        Returns:
            None if even that one finds no place.
        """
        number = self._numbers[family.name]
        asked = tuple(each[:_LONGEST_VALUE] for each in labels)
        with self._lock():
            self._refresh()
            for values in (asked, family.other(asked)):
                if (number, values) not in self._at:
                    self._append(number, values, is_reserved=values is not asked)
                if (found := self._at.get((number, values))) is not None:
                    return found
        return None

    def rows(self) -> Iterator[SeriesRow]:
        """Yield all sets of labels in the order of the metrics, with the numbers of all."""
        with self._lock():
            self._refresh()
        found = sorted(self._at.items(), key=lambda each: each[0][0])
        begin = self._start + _LENGTH.size
        taken = self._memory[begin : begin + self._places]
        columns = []
        for place in range(self._places):
            if taken[place]:
                at = self._column(place)
                columns.append(memoryview(self._memory[at : at + self._taken * 8]).cast("d"))
        for (number, labels), at in found:
            family = FAMILIES[number]
            merged = max if family.takes_most else sum
            cells = range(at, at + family.width)
            yield SeriesRow(
                family, labels, [merged([each[cell] for each in columns]) for cell in cells]
            )

    def clear_gauges(self) -> None:
        """Clear the numbers of this process that are true only while it runs."""
        for (number, _), at in self._at.items():
            if FAMILIES[number].kind == "gauge":
                self.own[at] = 0.0

    def _column(self, place: int) -> int:
        return self._start + _TABLE_BYTES + place * _COLUMN_BYTES

    def _refresh(self) -> None:
        """Read the entries that other processes have added."""
        (length,) = _LENGTH.unpack_from(self._memory, self._start)
        while self._read < length:
            at = self._entries + self._read
            size, number = _ENTRY.unpack_from(self._memory, at)
            at += _ENTRY.size
            family = FAMILIES[number]
            self._at[number, _decode(self._memory[at : at + size])] = self._taken
            self._taken += family.width
            self._lines[_pool(family)] += family.lines
            self._read += _ENTRY.size + size

    def _append(self, number: int, values: tuple[str, ...], *, is_reserved: bool) -> None:
        """Add a set of labels, unless the limit is reached."""
        family = FAMILIES[number]
        lines = self._lines[_pool(family)] + family.lines
        encoded = msgspec.json.encode(values)
        entry = _ENTRY.pack(len(encoded), number) + encoded
        at = self._entries + self._read
        has_room = at + len(entry) <= self._start + _TABLE_BYTES
        if lines > most_lines(family.kind, reserved=is_reserved) or not has_room:
            return
        self._memory[at : at + len(entry)] = entry
        # The length is written last, so that none reads half an entry.
        _LENGTH.pack_into(self._memory, self._start, self._read + len(entry))
        self._refresh()


def _pool(family: Family) -> str:
    return "histogram" if family.kind == "histogram" else "other"
