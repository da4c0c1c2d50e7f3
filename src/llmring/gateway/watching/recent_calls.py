"""The last calls of each process of a gateway, in memory that they share.

Each process writes its own rows alone. A row that is written while another process reads it shows
that by its checksum, and is left out.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator

import msgspec

from llmring.gateway.watching.finished_call import FinishedCall

_ROW_BYTES = 2048
# The calls that each of several processes keeps.
ROWS = 64

# The checksum of the rest, the number of the call, and the length of the JSON that follows.
_HEAD = struct.Struct("<IQI")
_NUMBER_AT = 4
_LONGEST = _ROW_BYTES - _HEAD.size
# Of a call with more attempts, these are kept.
_MOST_ATTEMPTS = 4

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FinishedCall).decode


def size_of(places: int, rows: int = ROWS) -> int:
    """Return the bytes of the memory; arguments as for `RecentCalls`."""
    return places + places * rows * _ROW_BYTES


class RecentCalls:
    """The last calls of a gateway.

    Args:
        memory: The memory, which begins as zeros.
        start: The place of the calls in it.
        places: The processes that may write at a time.
        place: The place of this process.
        rows: The calls that each process keeps.
    """

    def __init__(
        self,
        memory: mmap.mmap,
        start: int = 0,
        places: int = 1,
        place: int = 0,
        rows: int = ROWS,
    ) -> None:
        self._rows_each = rows
        self._memory = memory
        # A byte for each place that was ever taken comes first.
        self._start = start
        self._places = places
        self._own = self._column(place)
        memory[start + place] = 1
        self._next = 1 + max((number for number, _ in self._rows(place)), default=0)

    def add(self, call: FinishedCall) -> None:
        """Keep a call in place of the oldest one of this process."""
        encoded = _encode(call)
        if len(encoded) > _LONGEST:
            cut = msgspec.structs.replace(
                call, attempts=call.attempts[-_MOST_ATTEMPTS:], failovers=call.failovers[-1:]
            )
            encoded = _encode(cut)
            if len(encoded) > _LONGEST:
                return
        content = _HEAD.pack(0, self._next, len(encoded))[_NUMBER_AT:] + encoded
        at = self._own + self._next % self._rows_each * _ROW_BYTES
        self._next += 1
        written = zlib.crc32(content).to_bytes(_NUMBER_AT, "little") + content
        self._memory[at : at + len(written)] = written

    def latest(self, most: int) -> list[FinishedCall]:
        """Return the last calls of all processes, the newest one last.

        Args:
            most: The most calls to return.
        """
        taken = self._memory[self._start : self._start + self._places]
        found = [
            _decode(encoded)
            for place in range(self._places)
            if taken[place]
            for _, encoded in self._rows(place)
        ]
        found.sort(key=lambda call: call.ended)
        return found[-most:]

    def _column(self, place: int) -> int:
        return self._start + self._places + place * self._rows_each * _ROW_BYTES

    def _rows(self, place: int) -> Iterator[tuple[int, bytes]]:
        """Yield the numbers and the JSON of a process's calls."""
        column = self._memory[self._column(place) : self._column(place + 1)]
        for at in range(0, len(column), _ROW_BYTES):
            checksum, number, length = _HEAD.unpack_from(column, at)
            content = column[at + _NUMBER_AT : at + _HEAD.size + min(length, _LONGEST)]
            if number and zlib.crc32(content) == checksum:
                yield number, content[_HEAD.size - _NUMBER_AT :]
