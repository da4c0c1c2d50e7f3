"""A client for HTTP/1.1 in any event loop, and without one: requests out, answers in.

HTTP/2, redirects, cookies and netrc files are left out on purpose: no provider needs the first, and
a key must not travel to another host.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.bridge.inline import is_inline, on_loop
from llmring.exceptions import ConfigurationError, ProviderConnectionError
from llmring.transport import network_guard
from llmring.transport.blocking_pool import BlockingPool
from llmring.transport.connection import PIECE_BYTES, Connection
from llmring.transport.destination import Destination, destination, request_head
from llmring.transport.http_errors import (
    PROXY_REFUSES,
    refused_by_proxy,
    unusable_address,
    unusable_header,
)
from llmring.transport.http_exchange import HttpExchange
from llmring.transport.options import TransportOptions
from llmring.transport.pool import Pool
from llmring.transport.proxy import proxy_for
from llmring.wire import HttpRequest

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from llmring.transport.answer_parser import AnswerParser
    from llmring.transport.blocking_connection import BlockingConnection

_MOST_DESTINATIONS = 1000


class HttpClient:
    """An HTTP client with a pool of connections for each event loop, closed with the loop.

    Args:
        options: The options of its connections; None for the defaults.
    """

    _blocking: BlockingPool | None = None

    def __init__(self, options: TransportOptions | None = None) -> None:
        self._options = options or TransportOptions()
        # Outside of tests requests may go anywhere.
        self._admit = None if network_guard.may_leave is None else network_guard.admit
        self._pools: dict[AbstractEventLoop, _LoopPool] = {}
        self._destinations: dict[tuple[str, str], Destination] = {}

    async def open(self, request: HttpRequest, seconds: float | None) -> HttpExchange:
        """Send a request and wait for the head of its answer.

        Args:
            request: The request.
            seconds: Seconds to wait for the head; None for no limit.

        Raises:
            ProviderError: No answer came.
        """
        there = self._destinations.get((request.method, request.url)) or self._found(request)
        if self._admit is not None:
            self._admit(request.url)
        head = request_head(there, request.headers, len(request.body))
        if not head.data:
            raise unusable_header()
        if is_inline():
            if _is_simple(there, request):
                blocking, parser = self._blocking_pool().ask(there, head, request.body, seconds)
                return self._exchange(blocking, parser)
            await on_loop()
        entry = self._pools.get(asyncio.get_running_loop()) or await self._opened()
        connection, parser = await entry.pool.ask(there, head, request.body, seconds)
        return self._exchange(connection, parser)

    def _exchange(
        self, connection: Connection | BlockingConnection, parser: AnswerParser
    ) -> HttpExchange:
        exchange = HttpExchange(connection, parser, self._options.limits)
        if parser.status == PROXY_REFUSES:
            exchange.close()
            raise refused_by_proxy(parser.status)
        return exchange

    def _blocking_pool(self) -> BlockingPool:
        if self._blocking is not None:
            return self._blocking
        # Threads may make their first calls at once; setdefault keeps one pool for all.
        made: BlockingPool = self.__dict__.setdefault("_blocking", BlockingPool(self._options))
        # At the exit of Python its threads end as they are.
        weakref.finalize(self, made.close).atexit = False
        return made

    def _found(self, request: HttpRequest) -> Destination:
        """Work out where a request goes, and remember it.

        Raises:
            ProviderConnectionError: The address, or the proxy on the way to it, can't be used.
        """
        try:
            there = destination(request.method, request.url, proxy_for)
        except ConfigurationError as error:
            fault = ProviderConnectionError(error.message)
        else:
            if there is None:
                raise unusable_address()
            if len(self._destinations) >= _MOST_DESTINATIONS:
                self._destinations.clear()
            self._destinations[request.method, request.url] = there
            return there
        raise fault

    async def _opened(self) -> _LoopPool:
        """Open a pool for the running loop, and drop the pools of closed loops."""
        for known in list(self._pools):
            if known.is_closed():
                self._forget(known)
        loop = asyncio.get_running_loop()
        # A suspended asynchronous generator is closed with its loop (asyncio.run does so), or
        # when its last reference goes, and then closes the pool that it holds.
        keeper = _keep_pool(loop, self._options)
        pool = await anext(keeper)
        # Held by a finalizer: if the client is garbage-collected without being closed, the
        # pool must outlive it, or asyncio would warn of unclosed transports.
        hold = weakref.finalize(self, _let_go, keeper)
        entry = self._pools[loop] = _LoopPool(pool, keeper, hold)
        return entry

    def close(self) -> None:
        """Close the connections of synchronous callers; see `aclose`."""
        if self._blocking is not None:
            self._blocking.close()

    async def aclose(self) -> None:
        """Close the running loop's connections; answers in progress raise `RingClosedError`."""
        entry = self._forget(asyncio.get_running_loop())
        if entry is not None:
            await entry.keeper.aclose()

    def _forget(self, loop: AbstractEventLoop) -> _LoopPool | None:
        entry = self._pools.pop(loop, None)
        if entry is not None:
            entry.hold.detach()
        return entry


def _is_simple(there: Destination, request: HttpRequest) -> bool:
    """Check if a request can be sent by a thread that does nothing else meanwhile.

    A server may answer a large one before it has all of it; TLS within the TLS of a proxy takes
    more than a socket.
    """
    proxy = there.origin.proxy
    return len(request.body) <= PIECE_BYTES and not (proxy is not None and proxy.is_secure)


_Keeper = AsyncGenerator[Pool, None]


class _LoopPool(Struct, frozen=True):
    pool: Pool
    keeper: _Keeper
    hold: weakref.finalize[[_Keeper], HttpClient]


def _let_go(_: _Keeper) -> None:
    """Drop the last reference to the keeper of a collected client, which closes its pool."""


async def _keep_pool(loop: AbstractEventLoop, options: TransportOptions) -> _Keeper:
    pool = Pool(loop, options)
    try:
        yield pool
    finally:
        await pool.aclose()
