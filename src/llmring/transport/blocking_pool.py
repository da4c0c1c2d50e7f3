"""The connections of synchronous callers, kept for the next requests of any thread."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
import weakref

from llmring.exceptions import LLMRingError, ProviderConnectionError
from llmring.transport.answer_parser import AnswerParser
from llmring.transport.blocking_connection import BlockingConnection
from llmring.transport.destination import (
    Destination,
    Origin,
    ProxyAddress,
    RequestHead,
    tunnel_request,
)
from llmring.transport.http_errors import (
    connect_error,
    no_answer_in_time,
    no_connection_in_time,
    refused_by_proxy,
    ring_closed,
    unknown_host,
)
from llmring.transport.options import TransportOptions
from llmring.transport.pool import CONNECT_SECONDS, IDLE_SECONDS
from llmring.transport.sockets import BlockingResolver, connected_at_once, has_come, unix_socket
from llmring.transport.tls import ResumingContext, certified_name, client_context


class BlockingPool:
    """The connections of synchronous callers.

    Args:
        options: The options of connections.
    """

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._resolver = BlockingResolver()
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[BlockingConnection]] = {}
        self._busy: dict[BlockingConnection, Origin] = {}
        self._opening: set[socket.socket] = set()
        self._times_closed = 0
        _pools.add(self)

    def ask(
        self, there: Destination, head: RequestHead, body: bytes, seconds: float | None
    ) -> tuple[BlockingConnection, AnswerParser]:
        """Send a request, and return its connection and its answer; as `Pool.ask`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while (kept := self._kept(there.origin)) is not None:
            parser = AnswerParser(there.method)
            try:
                kept.ask(head, body, deadline, parser)
            except ProviderConnectionError as error:
                fault = error
            else:
                return kept, parser
            if parser.begun or not there.may_repeat:
                raise fault
            # The server has closed it between two requests; another connection may serve.
        connection = self._opened(there.origin, deadline)
        parser = AnswerParser(there.method)
        connection.ask(head, body, deadline, parser)
        return connection, parser

    def _kept(self, origin: Origin) -> BlockingConnection | None:
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                if not idle:
                    return None
                connection = idle.pop()
                self._busy[connection] = origin
            old = time.monotonic() - connection.idle_since > IDLE_SECONDS
            # What can be read between two answers is the end, or was not asked for.
            if not old and not has_come(connection.sock.fileno()):
                return connection
            connection.abort()

    def _opened(self, origin: Origin, deadline: float | None) -> BlockingConnection:
        until = time.monotonic() + CONNECT_SECONDS
        is_patient = deadline is None or until < deadline
        times_closed = self._times_closed
        fault: LLMRingError = ring_closed()
        try:
            sock = self._connected(origin, until if deadline is None else min(until, deadline))
        except TimeoutError:
            fault = no_connection_in_time() if is_patient else no_answer_in_time()
        except LLMRingError as error:
            fault = error
        else:
            connection = BlockingConnection(sock, self._keep, self._forget)
            with self._lock:
                if times_closed == self._times_closed:
                    self._busy[connection] = origin
                    return connection
            connection.abort()
        raise fault if times_closed == self._times_closed else ring_closed()

    def _connected(self, origin: Origin, until: float) -> socket.socket:
        """Connect to a server, through its proxy if it has one.

        Raises:
            TimeoutError: It took too long.
            ProviderError: It failed.
        """
        there = origin.proxy or origin
        sock: socket.socket | None = None
        try:
            sock = self._begun(there, until, is_socket=origin.is_socket)
            if origin.proxy is not None and origin.is_secure:
                self._tunnel(sock, origin, until)
                there = origin
            if origin.is_secure:
                sock = self._secured(sock, origin, until)
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                _close(sock)
                raise
            port = "" if origin.is_socket else there.port
            fault: LLMRingError = connect_error(
                there.host, port, error, is_proxy=there is not origin
            )
        except LLMRingError as error:
            fault = error
        except BaseException:
            _close(sock)
            raise
        else:
            return sock
        _close(sock)
        raise fault

    def _secured(self, sock: socket.socket, origin: Origin, until: float) -> socket.socket:
        """Begin TLS with a server."""
        secured = self._tls().wrap_socket(
            sock,
            server_hostname=certified_name(origin.host),
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
        )
        self._opening.add(secured)
        try:
            secured.settimeout(max(0.001, until - time.monotonic()))
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        finally:
            self._opening.discard(secured)
        return secured

    def _begun(
        self, there: Origin | ProxyAddress, until: float, *, is_socket: bool
    ) -> socket.socket:
        if is_socket:
            sock = unix_socket()
            try:
                sock.settimeout(max(0.001, until - time.monotonic()))
                sock.connect(there.host)
            except BaseException:
                sock.close()
                raise
            return sock
        addresses = self._resolver.addresses(there.host, there.port, until)
        if not addresses:
            raise unknown_host(there.host)
        return connected_at_once(addresses, until)

    def _tunnel(self, sock: socket.socket, origin: Origin, until: float) -> None:
        """Let the proxy connect.

        Raises:
            ProviderError: The proxy refuses.
        """
        # It neither goes back to the pool nor is it closed: TLS begins on it.
        connection = BlockingConnection(sock, _ignore, _ignore)
        answer = AnswerParser("CONNECT")
        connection.ask(tunnel_request(origin), b"", until, answer)
        if not 200 <= answer.status < 300:
            raise refused_by_proxy(answer.status)

    def _tls(self) -> ResumingContext:
        return client_context(self._options.certificate, self._options.key)

    def _keep(self, connection: BlockingConnection) -> None:
        with self._lock:
            origin = self._busy.pop(connection, None)
        if origin is None:
            connection.abort()
            return
        if isinstance(connection.sock, ssl.SSLSocket) and not connection.is_remembered:
            connection.is_remembered = True
            self._tls().remember(certified_name(origin.host), connection.sock)
        before = time.monotonic() - IDLE_SECONDS
        old: list[BlockingConnection] = []
        with self._lock:
            for idle in self._idle.values():
                while idle and idle[0].idle_since <= before:
                    old.append(idle.pop(0))
            self._idle.setdefault(origin, []).append(connection)
        for each in old:
            each.abort()

    def _forget(self, connection: BlockingConnection) -> None:
        with self._lock:
            self._busy.pop(connection, None)

    def close(self) -> None:
        """Close all connections; answers that other threads wait for raise `RingClosedError`."""
        with self._lock:
            busy, idle = list(self._busy), [each for kept in self._idle.values() for each in kept]
            self._busy.clear()
            self._idle.clear()
            self._times_closed += 1
        for sock in list(self._opening):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for connection in busy:
            connection.interrupt(ring_closed())
        for connection in idle:
            connection.abort()

    def begin_in_child(self) -> None:
        """Leave the connections of the parent to it, in a process that it has forked."""
        self._lock = threading.Lock()
        idle, self._idle = self._idle, {}
        self._busy = {}
        for kept in idle.values():
            for connection in kept:
                # Closes this process's copy; the parent's stays open.
                connection.sock.close()


def _ignore(_: BlockingConnection) -> None:
    """Do nothing with a connection."""


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.close()


_pools: weakref.WeakSet[BlockingPool] = weakref.WeakSet()


def _begin_in_child() -> None:
    for pool in list(_pools):
        pool.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
