"""Sets of rows with one bit a row."""

from __future__ import annotations


class RowBits:
    """A set of ordinals, in one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, ordinal: int) -> bool:
        at = ordinal >> 3
        return at < len(self._bits) and bool(self._bits[at] & 1 << (ordinal & 7))

    def add(self, ordinal: int) -> None:
        """Add a row."""
        at = ordinal >> 3
        if at >= len(self._bits):
            self._bits.extend(bytes(max(at + 1 - len(self._bits), len(self._bits) // 2, 1024)))
        bit = 1 << (ordinal & 7)
        if not self._bits[at] & bit:
            self._bits[at] |= bit
            self._count += 1

    def discard(self, ordinal: int) -> None:
        """Remove a row, if it is there."""
        if ordinal in self:
            self._bits[ordinal >> 3] &= ~(1 << (ordinal & 7)) & 0xFF
            self._count -= 1
