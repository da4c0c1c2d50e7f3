"""A stream that can be read again: what was read of it is kept in an unnamed temporary file."""

from __future__ import annotations

import io
import tempfile
import weakref
from threading import Lock
from typing import IO

_BUFFER_BYTES = 2**16


class StreamCopy:
    """A stream, such as standard input, as it can be read from the start several times.

    Args:
        source: The stream.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as this
        weakref.finalize(self, self._copy.close)
        self._length = 0
        self._lock = Lock()

    def open(self) -> IO[bytes]:
        """Return a reader that begins at the start; it waits for the stream where it must."""
        return io.BufferedReader(_Reader(self), _BUFFER_BYTES)

    def read(self, at: int, most: int) -> bytes:
        """Return some bytes from a place on; none at the end of the stream.

        Args:
            at: The place; at most where the bytes that were read end.
            most: The most bytes.
        """
        with self._lock:
            if at < self._length:
                self._copy.seek(at)
                return self._copy.read(min(most, self._length - at))
            # What is there, without waiting for a full buffer.
            read = getattr(self._source, "read1", self._source.read)
            data: bytes = read(most)
            self._copy.seek(self._length)
            self._copy.write(data)
            self._length += len(data)
            return data


class _Reader(io.RawIOBase):
    def __init__(self, copy: StreamCopy) -> None:
        self._from, self._at = copy, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer
        data = self._from.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
