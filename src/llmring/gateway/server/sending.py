"""Answers on their way to the client: the head, whole bodies, and streams piece by piece.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import functools
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from llmring.gateway.http import GatewayAnswer

# An ASGI application sends a part of its answer by calling this; it waits for a slow client.
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Whole bodies from this size on are packed for clients that can unpack them.
PACKED_FROM = 1024
# Larger ones are packed in a thread, since they would hold up the event loop.
_PACKED_IN_THREAD = 256 * 1024
_LEVEL = 4
PIECE = 64 * 1024

LONGEST_HEADER = 2048
# RFC 9110, section 5.5: a value is one line of visible characters, spaces and tabs.
_NOT_IN_VALUE = re.compile(r"[^\t\x20-\x7e]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=(?P<q>[0-9.]+))?\s*(?=,|$)", re.IGNORECASE)

# So that no proxy keeps a piece back, and no cache keeps the stream.
STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def header_value(value: str) -> bytes:
    """Return the value of a header as one line of ASCII of bounded length, whatever is in it."""
    if value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER:
        return value.strip().encode()
    return _NOT_IN_VALUE.sub("?", value)[:LONGEST_HEADER].strip().encode()


@functools.lru_cache(maxsize=256)
def header_name(name: str) -> bytes | None:
    """Return the name of a header; None for what can't be one."""
    return name.encode() if _NAME.fullmatch(name) else None


def accepts_gzip(accepted: str) -> bool:
    """Return True if a client accepts gzip.

    Args:
        accepted: The header Accept-Encoding.
    """
    found = _GZIP.search(accepted)
    return found is not None and (found["q"] is None or found["q"].strip("0.") != "")


async def packed(answer: GatewayAnswer, accepted: str) -> GatewayAnswer:
    """Return an answer with its body packed by gzip, if the client can unpack it.

    Args:
        answer: The answer.
        accepted: The header Accept-Encoding of the request.
    """
    body, headers = answer.body, answer.headers
    if not isinstance(body, bytes) or "content-encoding" in headers:
        return answer
    vary = ", ".join(filter(None, (headers.get("vary"), "accept-encoding")))
    more = {**headers, "vary": vary}
    if accepts_gzip(accepted):
        in_thread = len(body) > _PACKED_IN_THREAD
        body = await asyncio.to_thread(_gzip, body) if in_thread else _gzip(body)
        more["content-encoding"] = "gzip"
    return GatewayAnswer(status=answer.status, headers=more, body=body)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()


async def send_head(answer: GatewayAnswer, send: Send) -> None:
    """Send the status and the headers of an answer."""
    headers: Mapping[str, str] = answer.headers
    if isinstance(answer.body, bytes):
        if answer.status not in (204, 304):
            headers = {**headers, "content-length": str(len(answer.body))}
    else:
        headers = {**headers, **STREAM_HEADERS}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (sent, header_value(value))
                for name, value in headers.items()
                if (sent := header_name(name)) is not None
            ],
        }
    )


async def send_bytes(body: bytes, send: Send, *, ends: bool = False) -> None:
    """Send all of a body, and wait for a slow client in between.

    Args:
        body: The body.
        send: Sends a part of the answer.
        ends: True to complete the answer, which otherwise stays open.
    """
    start = 0
    while len(body) - start > PIECE:
        piece = body[start : start + PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        start += PIECE
    last = body[start:] if start else body
    await send({"type": "http.response.body", "body": last, "more_body": not ends})


async def send_pieces(body: AsyncIterator[bytes], send: Send) -> None:
    """Send the pieces of a stream as they come, and close it; the answer stays open.

    Whatever the iterator raises is raised.
    """
    try:
        async for piece in body:
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    finally:
        await close_pieces(body)


async def close_pieces(body: AsyncIterator[bytes]) -> None:
    """Close a stream that is not read to its end."""
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()


async def send_end(send: Send) -> None:
    """Complete an answer."""
    await send({"type": "http.response.body", "body": b"", "more_body": False})
