"""The connections of one event loop, kept for the next requests to the same servers."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, TimerHandle

from llmring.exceptions import LLMRingError, ProviderConnectionError
from llmring.transport.answer_parser import AnswerParser
from llmring.transport.connection import Connection
from llmring.transport.destination import Destination, Origin, RequestHead, tunnel_request
from llmring.transport.http_errors import (
    closed_early,
    connect_error,
    no_answer_in_time,
    no_connection_in_time,
    refused_by_proxy,
    ring_closed,
    unknown_host,
)
from llmring.transport.options import TransportOptions
from llmring.transport.sockets import Resolver, connected, connected_unix, has_come
from llmring.transport.tls import ResumingContext, certified_name, client_context

# A host that takes longer than this to accept a connection counts as down.
CONNECT_SECONDS = 10.0

# Servers close idle connections after some time; one that they are about to close would fail.
IDLE_SECONDS = 15.0

# A connection that is closed ends within so many turns of the loop.
_MOST_TURNS = 5


class Pool:
    """The connections of one event loop.

    Args:
        loop: The loop, which runs.
        options: The options of connections.
    """

    def __init__(self, loop: AbstractEventLoop, options: TransportOptions) -> None:
        self._loop = loop
        self._options = options
        self._resolver = Resolver(loop)
        self._idle: dict[Origin, list[Connection]] = {}
        self._all: dict[Connection, Origin] = {}
        self._sweeper: TimerHandle | None = None
        self._is_closed = False

    async def ask(
        self, there: Destination, head: RequestHead, body: bytes, seconds: float | None
    ) -> tuple[Connection, AnswerParser]:
        """Send a request, and return its connection and its answer once the head has come.

        Args:
            there: Where it goes.
            head: Its head.
            body: Its body.
            seconds: Seconds to wait for the head; None for no limit.

        Raises:
            ProviderError: No answer came.
            RingClosedError: The pool was closed meanwhile.
        """
        deadline = None if seconds is None else self._loop.time() + seconds
        while (kept := await self._kept(there.origin)) is not None:
            parser = AnswerParser(there.method)
            try:
                await kept.ask(head, body, deadline, parser)
            except ProviderConnectionError as error:
                fault = error
            else:
                return kept, parser
            if parser.begun or not there.may_repeat:
                raise fault
            # The server has closed it between two requests; another connection may serve.
        left = None if deadline is None else max(0.0, deadline - self._loop.time())
        connection = await self._opened(there.origin, left)
        parser = AnswerParser(there.method)
        await connection.ask(head, body, deadline, parser)
        return connection, parser

    async def _kept(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.transport.is_closing():
                continue
            if has_come(connection.descriptor):
                # The loop takes two turns to read its end, or what was not asked for.
                try:
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    connection.close()
                    raise
                if connection.transport.is_closing():
                    continue
            return connection
        return None

    async def _opened(self, origin: Origin, seconds: float | None) -> Connection:
        fault: LLMRingError | None = None
        is_short = seconds is not None and seconds < CONNECT_SECONDS
        try:
            async with asyncio.timeout(seconds if is_short else CONNECT_SECONDS):
                connection = await self._connect(origin)
        except TimeoutError:
            fault = no_answer_in_time() if is_short else no_connection_in_time()
        if fault is not None:
            raise fault
        if self._is_closed:
            connection.abort()
            raise ring_closed()
        self._all[connection] = origin
        return connection

    async def _connect(self, origin: Origin) -> Connection:
        there = origin.proxy or origin
        is_secure = origin.is_secure or there.is_secure
        connection = Connection(self._loop, self, is_secure=is_secure)
        try:
            await self._begin(connection, origin)
            if origin.proxy is not None and origin.is_secure:
                there = origin
                await self._tunnel(connection, origin)
        except OSError as error:
            port = "" if origin.is_socket else there.port
            fault: LLMRingError = connect_error(
                there.host, port, error, is_proxy=there is not origin
            )
        except LLMRingError as error:
            fault = error
        except BaseException:
            connection.abort()
            raise
        else:
            return connection
        connection.abort()
        raise fault

    async def _begin(self, connection: Connection, origin: Origin) -> None:
        """Connect to a server, or to the proxy on the way to it."""
        first = origin.proxy or origin
        if origin.is_socket:
            sock = await connected_unix(self._loop, origin.host)
        else:
            try:
                addresses = await self._resolver.addresses(first.host, first.port)
            except OSError:
                addresses = ()
            if not addresses:
                raise unknown_host(first.host)
            sock = await connected(self._loop, addresses)
        connection.descriptor = sock.fileno()
        try:
            await self._loop.create_connection(
                lambda: connection,
                sock=sock,
                ssl=self._tls() if first.is_secure else None,
                server_hostname=certified_name(first.host) if first.is_secure else None,
            )
        except BaseException:
            sock.close()
            raise

    async def _tunnel(self, connection: Connection, origin: Origin) -> None:
        """Let the proxy connect, and begin TLS with the server behind it.

        Raises:
            ProviderError: The proxy refuses.
        """
        answer = AnswerParser("CONNECT")
        await connection.ask(tunnel_request(origin), b"", None, answer)
        if not 200 <= answer.status < 300:
            raise refused_by_proxy(answer.status)
        if connection.transport.is_closing():
            # Bytes that belong to no answer came with the head.
            raise closed_early(None)
        connection.transport = await self._loop.start_tls(
            connection.transport,
            connection,
            self._tls(),
            server_hostname=certified_name(origin.host),
        )

    def _tls(self) -> ResumingContext:
        return client_context(self._options.certificate, self._options.key)

    def keep(self, connection: Connection) -> None:
        """Keep a connection whose answer has ended, for another request."""
        origin = self._all.get(connection)
        if origin is None:
            return
        if origin.is_secure and not connection.is_remembered:
            connection.is_remembered = True
            self._tls().remember(
                certified_name(origin.host), connection.transport.get_extra_info("ssl_object")
            )
        self._idle.setdefault(origin, []).append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep)

    def drop(self, connection: Connection) -> None:
        """Drop a connection that has ended."""
        origin = self._all.pop(connection, None)
        idle = self._idle.get(origin) if origin is not None else None
        if idle and connection in idle:
            idle.remove(connection)

    def _sweep(self) -> None:
        """Close the connections that have been idle for too long."""
        self._sweeper = None
        before = self._loop.time() - IDLE_SECONDS
        for idle in self._idle.values():
            while idle and idle[0].idle_since <= before:
                idle.pop(0).close()
        if any(self._idle.values()):
            self._sweeper = self._loop.call_later(IDLE_SECONDS / 2, self._sweep)

    async def aclose(self) -> None:
        """Close all connections; answers in progress raise `RingClosedError`."""
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._all):
            if connection.parser is not None:
                connection.fail(ring_closed())
            else:
                connection.close()
                connection.abort()
        self._idle.clear()
        for _ in range(_MOST_TURNS):
            if self._all:
                await asyncio.sleep(0)
