"""Bodies of requests: read within bounds of time and size, and unpacked.

Content codings: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from llmring.gateway.refusals import PayloadTooLargeError, RefusedCallError

# An ASGI application reads its request by calling this.
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

# A body may come slowly at first, then it has to reach this many bytes per second on average.
FREE_SECONDS = 5.0
BYTES_PER_SECOND = 10_000

MOST_RATIO = 100
# Small bodies may unpack to more than the ratio.
_FREE_BYTES = 2**20
_PIECE = 64 * 1024

# How much is read of a body that is not needed, so that the client gets to read the answer.
DRAINED_BYTES = 2**20
DRAIN_SECONDS = 2.0


class SlowBodyError(RefusedCallError):
    """A body that comes too slowly."""

    status = 408


class DamagedBodyError(RefusedCallError):
    """A body that can't be unpacked."""

    status = 400


class UnknownCodingError(RefusedCallError):
    """A body in a form that the gateway does not read."""

    status = 415


class ClientGoneError(Exception):
    """The client has closed the connection."""


class _Coding(Protocol):
    """A content coding, undone piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes unpack to, in pieces of bounded size."""

    def is_complete(self) -> bool:
        """Return True at the end of the packed data."""


async def read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, *, has_arrived: bool = False
) -> bytes:
    """Read and unpack the body of a request.

    Args:
        receive: Reads the next part of the request.
        headers: The headers, by their names in lower case.
        limit: The largest size in bytes, packed and unpacked.
        has_arrived: True if the body has come, so that no time is needed.

    Raises:
        PayloadTooLargeError: The body is larger, or unpacks to far more than its size.
        SlowBodyError: It comes too slowly.
        UnknownCodingError: It is packed in a way that can't be unpacked here.
        DamagedBodyError: It does not have the form that its coding has.
        ClientGoneError: The client has closed the connection.
    """
    unpacker = _unpacker(headers.get("content-encoding", ""))
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    if has_arrived and unpacker is None:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message.get("body", b"")
            if len(whole) > limit:
                raise _too_large(limit)
            return whole
        raise ClientGoneError
    packed, body = 0, bytearray()
    async for data in _parts(receive):
        packed += len(data)
        if packed > limit:
            raise _too_large(limit)
        if unpacker is None:
            body += data
        else:
            _unpack(unpacker, data, packed, body, limit)
    if unpacker is not None and packed and not unpacker.is_complete():
        raise DamagedBodyError("the body ends before its packed data do")
    return bytes(body)


async def drain_body(receive: Receive) -> bool:
    """Read and drop what is left of a body; return True if that was all of it, and little.

    Args:
        receive: Reads the next part of the request.

    Raises:
        ClientGoneError: The client has closed the connection.
    """
    dropped = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for data in _parts(receive):
                dropped += len(data)
                if dropped > DRAINED_BYTES:
                    return False
    except (TimeoutError, SlowBodyError):
        return False
    return True


async def _parts(receive: Receive) -> Any:
    """Yield the parts of a body as they come."""
    loop = asyncio.get_running_loop()
    begun, received = loop.time(), 0
    while True:
        try:
            async with asyncio.timeout_at(begun + FREE_SECONDS + received / BYTES_PER_SECOND):
                message = await receive()
        except TimeoutError:
            raise SlowBodyError(
                f"the body came too slowly: {received} bytes in {loop.time() - begun:.0f} seconds"
            ) from None
        if message["type"] != "http.request":
            raise ClientGoneError
        data = message.get("body", b"")
        received += len(data)
        if data:
            yield data
        if not message.get("more_body"):
            return


def _unpack(unpacker: _Coding, data: bytes, packed: int, body: bytearray, limit: int) -> None:
    try:
        for piece in unpacker.feed(data):
            body += piece
            if len(body) > limit:
                raise _too_large(limit)
            if len(body) > max(_FREE_BYTES, packed * MOST_RATIO):
                raise PayloadTooLargeError(
                    f"the body unpacks to more than {MOST_RATIO} times its size"
                )
    except (zlib.error, EOFError, ValueError) as error:
        raise DamagedBodyError("the body can't be unpacked") from error


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {limit} bytes")


def _unpacker(codings: str) -> _Coding | None:
    """Return what undoes a content coding; None for a body that is not packed."""
    coding = codings.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return _Inflater(coding)
    if coding == "zstd" and _has_zstd():
        return _ZstdUnpacker()
    raise UnknownCodingError(
        f"the content-encoding {coding[:64]!r} is not read here; send the body as it is, or as gzip"
    )


def _has_zstd() -> bool:
    """Return True where Python itself unpacks Zstandard, that is, from 3.14 on."""
    try:
        return find_spec("compression.zstd") is not None
    except ModuleNotFoundError:
        return False


class _Inflater:
    """Gzip of one or more members, or deflate with or without zlib's head.

    Args:
        coding: The name of the coding.
    """

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding != "deflate"
        self._stream: Any = None
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes unpack to, in pieces of bounded size."""
        data = self._held + data
        self._held = b""
        while data:
            if self._stream is None and not self._begin(data):
                self._held = data
                return
            if self._stream.eof:
                if not self._is_gzip:
                    raise ValueError("bytes after the end of the packed data")
                self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            piece = self._stream.decompress(data, _PIECE)
            yield piece
            # All bytes may be read while some of what they unpack to is still to come.
            while len(piece) == _PIECE and not self._stream.unconsumed_tail:
                piece = self._stream.decompress(b"", _PIECE)
                yield piece
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def is_complete(self) -> bool:
        """Return True at the end of the packed data."""
        return self._stream is not None and self._stream.eof

    def _begin(self, data: bytes) -> bool:
        """Choose the format by the first bytes; return False if more of them are needed."""
        if self._is_gzip:
            self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif len(data) < 2:
            return False
        else:
            # Some clients leave zlib's head out.
            # https://www.rfc-editor.org/rfc/rfc1950#section-2.2
            has_head = data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS)
        return True


class _ZstdUnpacker:
    """Zstandard, of one frame."""

    def __init__(self) -> None:
        self._module = import_module("compression.zstd")
        self._stream = self._module.ZstdDecompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes unpack to, in pieces of bounded size."""
        try:
            yield self._stream.decompress(data, max_length=_PIECE)
            while not (self._stream.needs_input or self._stream.eof):
                yield self._stream.decompress(b"", max_length=_PIECE)
        except self._module.ZstdError as error:
            raise ValueError("not Zstandard") from error

    def is_complete(self) -> bool:
        """Return True at the end of the packed data."""
        return bool(self._stream.eof)
