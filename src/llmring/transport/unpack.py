"""Unpacking of compressed bodies, within bounds: a small body may unpack to gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from msgspec import Struct

from llmring.exceptions import ProviderResponseError

# The encodings that requests ask for; https://www.rfc-editor.org/rfc/rfc9110#name-content-codings
ENCODINGS = "gzip, deflate"

_GZIP = b"\x1f\x8b"

# A piece this large is unpacked and read in a few milliseconds.
PIECE_BYTES = 2**16

# Below this size, a high ratio is harmless.
RATIO_FROM_BYTES = 2**20


class BodyLimits(Struct, frozen=True, kw_only=True):
    """The bounds of what is read of an answer.

    Attributes:
        body: Bytes of a whole body, unpacked.
        error: Bytes of the body of an error that are read; the rest is dropped.
        event: Bytes of one event of a stream.
        ratio: The most that a body over 1 MiB may unpack to, times its size.
    """

    body: int = 64 * 2**20
    error: int = 2**20
    event: int = 8 * 2**20
    ratio: int = 100


def too_large(what: str, most: int) -> ProviderResponseError:
    """Build the error for an answer beyond a bound.

    Args:
        what: What is too large, as "the answer".
        most: The bound in bytes.
    """
    return ProviderResponseError(f"{what} is larger than {most / 2**20:g} MiB, and is not read")


class Unpacker:
    """An unpacker of one body, which arrives in pieces.

    Args:
        encoding: The value of Content-Encoding; empty for none.
        limits: The bounds.

    Raises:
        ProviderResponseError: The encoding was not asked for.
    """

    __slots__ = ("_held", "_is_raw", "_limits", "_packed", "_stream", "_unpacked")

    def __init__(self, encoding: str, limits: BodyLimits) -> None:
        self._limits = limits
        self._packed = self._unpacked = 0
        self._held = b""
        # Only deflate may come without its header.
        self._is_raw = encoding.strip().lower() != "deflate"
        match encoding.strip().lower():
            case "" | "identity":
                self._stream: zlib._Decompress | None = None
            case "gzip" | "x-gzip":
                self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            case "deflate":
                self._stream = zlib.decompressobj()
            case other:
                raise ProviderResponseError(
                    f"the answer is packed by {other!r}, which was not asked for"
                )

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes unpack to, in pieces of at most `PIECE_BYTES`.

        Raises:
            ProviderResponseError: The bytes are damaged, or unpack to too much.
        """
        if self._stream is None:
            self._unpacked += len(data)
            yield data
            return
        self._packed += len(data)
        while data:
            if self._stream.eof:
                data, self._held = self._held + data, b""
                if not self._begins_another(data):
                    return  # padding, which gzip allows
            piece = self._unpacked_piece(self._stream, data)
            data = self._stream.unconsumed_tail or self._stream.unused_data
            self._count(len(piece))
            yield piece

    @property
    def complete(self) -> bool:
        """True if the packed bytes have come to their own end."""
        return self._stream is None or self._stream.eof

    def _begins_another(self, data: bytes) -> bool:
        """Start with the next member of a gzip body, if these bytes are one."""
        if data == _GZIP[:1]:
            self._held = data  # the next byte decides
        if not data.startswith(_GZIP):
            return False
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True

    def _unpacked_piece(self, stream: zlib._Decompress, data: bytes) -> bytes:
        try:
            return stream.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            if self._is_raw or self._unpacked or self._packed != len(data):
                raise ProviderResponseError(
                    "the answer can't be unpacked; its encoding is damaged"
                ) from error
        # Some servers send deflate without its header.
        self._is_raw, self._stream = True, zlib.decompressobj(-zlib.MAX_WBITS)
        return self._unpacked_piece(self._stream, data)

    def _count(self, size: int) -> None:
        self._unpacked += size
        ratio = self._limits.ratio
        if self._unpacked > RATIO_FROM_BYTES and self._unpacked > ratio * self._packed:
            raise ProviderResponseError(
                f"the answer unpacks to more than {ratio} times its size, and is not read"
            )
