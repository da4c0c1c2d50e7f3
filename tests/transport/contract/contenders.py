"""The clients that the contract is asserted for; a new client is one more row of `CLIENTS`.

A client has the methods of `ContractClient`. One that blocks is wrapped in a class whose methods
call it in a thread.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import aiohttp
from yarl import URL

from llmring.exceptions import (
    ConfigurationError,
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.transport.exchange import Exchange, Patience
from llmring.transport.http_client import HttpClient
from llmring.transport.proxy import proxy_for
from llmring.transport.unpack import ENCODINGS
from llmring.wire import HttpHead, HttpRequest

T = TypeVar("T")


class ContractClient(Protocol):
    """A client, as the contract uses it."""

    async def open(self, request: HttpRequest, seconds: float | None) -> Exchange:
        """Send a request and wait for the head of its answer."""

    async def aclose(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class Contender:
    """A client that the contract is asserted for.

    Attributes:
        name: Its name in the IDs of the tests.
        make: Makes one.
        is_ours: False for the oracle, which need not do what only llmring wants.
        limits: The module whose `LIMITS` bound the bodies it reads.
    """

    name: str
    make: Callable[[], ContractClient]
    is_ours: bool = True
    limits: str = ""

    def __str__(self) -> str:
        return self.name


class OracleExchange:
    """An answer of aiohttp, with its faults as the closest errors of llmring."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._deadline: float | None = None
        headers = {name.lower(): value for name, value in response.headers.items()}
        self.head = HttpHead(response.status, headers)

    def expire_at(self, when: float | None) -> None:
        self._deadline = when

    def watch(self, patience: Patience) -> None:
        raise NotImplementedError

    async def read(self) -> bytes:
        return await self._in_time(self._response.read())

    async def chunk(self) -> bytes:
        return await self._in_time(self._response.content.readany())

    async def _in_time(self, reading: Awaitable[T]) -> T:
        async def wait() -> T:
            async with asyncio.timeout_at(self._deadline):
                return await reading

        return await _translated(wait())

    async def finish(self) -> None:
        while await self.chunk():
            pass

    def close(self) -> None:
        if self._response.connection is not None:
            self._response.close()


async def _translated(waiting: Awaitable[T]) -> T:
    try:
        return await waiting
    except aiohttp.ClientHttpProxyError as error:
        raise ProviderConnectionError(str(error.status)) from error
    except aiohttp.ClientResponseError as error:
        raise ProviderResponseError(error.message) from error
    except TimeoutError as error:
        raise ProviderTimeoutError("late") from error
    except (aiohttp.ClientError, OSError, ConfigurationError) as error:
        raise ProviderConnectionError(repr(error)) from error


class OracleClient:
    """The client of aiohttp with the settings that llmring has used it with."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def open(self, request: HttpRequest, seconds: float | None) -> OracleExchange:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": "llmring", "accept-encoding": ENCODINGS},
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            )
        session, url = self._session, URL(request.url, encoded=True)

        async def send() -> OracleExchange:
            async with asyncio.timeout(seconds):
                response = await session.request(
                    request.method,
                    url,
                    # As llmring does it, so that a large body does not hold up other requests.
                    data=io.BytesIO(request.body) if len(request.body) > 2**20 else request.body,
                    headers=request.headers,
                    proxy=proxy_for(url.scheme, url.host or "", url.port),
                    allow_redirects=False,
                )
            return OracleExchange(response)

        return await _translated(send())

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


CLIENTS = (
    Contender("asyncio", HttpClient, limits="llmring.transport.http_client"),
    Contender("aiohttp", OracleClient, is_ours=False),
)

OURS = tuple(each for each in CLIENTS if each.is_ours)

# The errors that a client may raise for what a server does.
FAULTS = (ProviderError,)
