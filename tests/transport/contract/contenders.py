"""The clients that the contract is asserted for; a new client is one more row of `CLIENTS`.

A client has the methods of `ContractClient`.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import aiohttp
from yarl import URL

from llmring.bridge import inline, portal
from llmring.exceptions import (
    ConfigurationError,
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.transport.blocking_connection import BlockingConnection
from llmring.transport.exchange import Exchange, Patience
from llmring.transport.http_client import HttpClient
from llmring.transport.http_exchange import HttpExchange
from llmring.transport.options import TransportOptions
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
        make: Makes one with the options that bound the bodies it reads.
        is_ours: False for the oracle, which need not do what only llmring wants.
        gives_up_alone: True if one of several requests can be given up.
    """

    name: str
    make: Callable[[TransportOptions], ContractClient]
    is_ours: bool = True
    gives_up_alone: bool = True

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

    def __init__(self, _: TransportOptions) -> None:
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


class BlockingClient:
    """The client as synchronous callers have it: each step blocks a thread.

    A thread can't be cancelled; giving up closes the client, which interrupts it.
    """

    def __init__(self, options: TransportOptions) -> None:
        self._client = HttpClient(options)

    async def open(self, request: HttpRequest, seconds: float | None) -> BlockingAnswer:
        opening = self._client.open(request, seconds)
        return BlockingAnswer(self, await self.in_thread(inline.run, opening))

    async def in_thread(
        self, run: Callable[[Coroutine[Any, Any, T]], T], step: Coroutine[Any, Any, T]
    ) -> T:
        task = asyncio.ensure_future(asyncio.to_thread(run, step))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._client.close()
            await asyncio.to_thread(portal.run, self._client.aclose())
            await asyncio.wait([task])
            task.exception()
            raise

    async def aclose(self) -> None:
        self._client.close()
        await asyncio.to_thread(portal.run, self._client.aclose())


class BlockingAnswer:
    """An answer of `BlockingClient`; of a large request, it comes in the portal's loop."""

    def __init__(self, client: BlockingClient, exchange: HttpExchange) -> None:
        self._client = client
        self._exchange = exchange
        blocks = isinstance(exchange._connection, BlockingConnection)
        self._run = inline.run if blocks else portal.run
        self.head = exchange.head

    def expire_at(self, when: float | None) -> None:
        async def act() -> None:
            self._exchange.expire_at(when)

        self._run(act())

    def watch(self, patience: Patience) -> None:
        async def act() -> None:
            self._exchange.watch(patience)

        self._run(act())

    async def read(self) -> bytes:
        return await self._client.in_thread(self._run, self._exchange.read())

    async def chunk(self) -> bytes:
        return await self._client.in_thread(self._run, self._exchange.chunk())

    async def finish(self) -> None:
        await self._client.in_thread(self._run, self._exchange.finish())

    def close(self) -> None:
        async def act() -> None:
            self._exchange.close()

        self._run(act())


CLIENTS = (
    Contender("asyncio", HttpClient),
    Contender("blocking", BlockingClient, gives_up_alone=False),
    Contender("aiohttp", OracleClient, is_ours=False),
)

OURS = tuple(each for each in CLIENTS if each.is_ours)

# The errors that a client may raise for what a server does.
FAULTS = (ProviderError,)
