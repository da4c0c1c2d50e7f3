"""A table in memory that the processes of one gateway share.

It has no locks, so that no process ever waits for another. Two processes that write the same row at
once may leave a damaged one, which its checksum shows; it counts as empty.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import zlib

from msgspec import Struct

_ROW_BYTES = 256
# A key may be in any row of its bucket.
_ROWS = 8
_BUCKET_BYTES = _ROW_BYTES * _ROWS

# The checksum of the rest, the digest of the key, the time until which the row counts, and the
# length of the text that follows.
_HEAD = struct.Struct("<I16sQH")
_TIMES = struct.Struct("<" + f"20xQ{_ROW_BYTES - 28}x" * _ROWS)
_DIGEST_AT, _TEXT_AT = 4, _HEAD.size

LONGEST = _ROW_BYTES - _TEXT_AT


def size_of(buckets: int) -> int:
    """Return the bytes of a table."""
    return buckets * _BUCKET_BYTES


class SharedTable:
    """A bounded table of short texts by their keys, of which each counts until some time.

    Of a full bucket, the row whose time is over first is replaced.

    Args:
        memory: The memory, which begins as zeros.
        start: The place of the table in it.
        buckets: The buckets of the table, of eight rows each.
    """

    def __init__(self, memory: mmap.mmap, start: int, buckets: int) -> None:
        self._memory = memory
        self._start = start
        self._buckets = buckets

    def get(self, key: str, now: int) -> str | None:
        """Return the text of a key, if there is one.

        Args:
            key: The key.
            now: The time, in the unit of `put`.
        """
        digest = _digest(key)
        start = self._bucket_of(digest)
        bucket = self._memory[start : start + _BUCKET_BYTES]
        row = _row_of(bucket, digest)
        if row is None:
            return None
        checksum, _, until, length = _HEAD.unpack_from(bucket, row)
        content = bucket[row + _DIGEST_AT : row + _TEXT_AT + min(length, LONGEST)]
        if until <= now or zlib.crc32(content) != checksum:
            return None
        return content[_TEXT_AT - _DIGEST_AT :].decode()

    def put(self, key: str, text: str, until: int) -> None:
        """Enter the text of a key; one that is too long is left out.

        Args:
            key: The key.
            text: The text.
            until: The time until which it counts.
        """
        encoded = text.encode()
        if len(encoded) > LONGEST:
            encoded, until = b"", 0
        digest = _digest(key)
        start = self._bucket_of(digest)
        bucket = self._memory[start : start + _BUCKET_BYTES]
        row = _row_of(bucket, digest)
        if row is None:
            times = _TIMES.unpack(bucket)
            row = times.index(min(times)) * _ROW_BYTES
        content = _HEAD.pack(0, digest, until, len(encoded))[_DIGEST_AT:] + encoded
        written = zlib.crc32(content).to_bytes(_DIGEST_AT, "little") + content
        self._memory[start + row : start + row + len(written)] = written

    def _bucket_of(self, digest: bytes) -> int:
        number = int.from_bytes(digest[:8], "little") % self._buckets
        return self._start + number * _BUCKET_BYTES


class SharedTables(Struct, frozen=True, kw_only=True):
    """The tables that the processes of a gateway share.

    Attributes:
        conversations: The models that answered conversations last.
        aliases: The aliases that clients have called.
    """

    conversations: SharedTable
    aliases: SharedTable


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _row_of(bucket: bytes, digest: bytes) -> int | None:
    """Return the place of a key's row in its bucket."""
    found = bucket.find(digest)
    while found >= 0:
        if found % _ROW_BYTES == _DIGEST_AT:
            return found - _DIGEST_AT
        found = bucket.find(digest, found + 1)
    return None
