"""Outcomes of requests as short texts, which the contract compares."""

from __future__ import annotations

import asyncio
from typing import Literal

from llmring.exceptions import (
    ProviderConnectionError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.transport.exchange import Exchange
from llmring.wire import HttpRequest
from transport.contract.contenders import ContractClient
from transport.contract.raw_server import HANGS

CUT = ProviderConnectionError.__name__
REFUSED = ProviderResponseError.__name__
LATE = ProviderTimeoutError.__name__

# A fault within the body may be either.
BROKEN = {CUT, REFUSED}

Way = Literal["whole", "pieces"]

# The ways to read a body.
WAYS: tuple[Way, ...] = ("whole", "pieces")

_SHOWN = 60


def request_to(
    url: str, method: str = "POST", body: bytes = b"{}", headers: dict[str, str] | None = None
) -> HttpRequest:
    """Build a request; a GET or HEAD has no body."""
    return HttpRequest(method, url, headers or {}, b"" if method in ("GET", "HEAD") else body)


async def outcome_of(
    client: ContractClient, request: HttpRequest, way: Way = "whole", seconds: float = HANGS
) -> str:
    """Send a request, read the answer to its end, and return what came of it.

    Args:
        client: The client.
        request: The request.
        way: How the body is read.
        seconds: The time for the head, and once more, but at least a second, for the body.
    """
    async with asyncio.timeout(3 * HANGS):
        try:
            exchange = await client.open(request, seconds)
        except Exception as error:  # noqa: BLE001 - the contract judges it by its name
            return type(error).__name__
        return await read_outcome(exchange, way, seconds)


async def read_outcome(exchange: Exchange, way: Way = "whole", seconds: float = HANGS) -> str:
    """Read an answer to its end, and return what came of it."""
    exchange.expire_at(asyncio.get_running_loop().time() + max(seconds, 1))
    try:
        body = await exchange.read() if way == "whole" else await _pieces(exchange)
    except Exception as error:  # noqa: BLE001 - the contract judges it by its name
        return type(error).__name__
    finally:
        exchange.close()
    return text_of(exchange.head.status, body)


async def _pieces(exchange: Exchange) -> bytes:
    pieces = []
    while piece := await exchange.chunk():
        pieces.append(piece)
    return b"".join(pieces)


def text_of(status: int, body: bytes) -> str:
    """Return the text of a whole answer."""
    shown = body.decode("latin-1") if len(body) <= _SHOWN else f"{len(body)} bytes"
    return f"{status} {shown}" if body else str(status)
