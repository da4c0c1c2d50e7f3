"""A connection of an event loop to a server, and the answer that is coming on it."""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import AbstractEventLoop, Future, TimerHandle
from typing import Any, Protocol

from llmring.exceptions import LLMRingError
from llmring.transport.answer_parser import AnswerParser, BadAnswerError
from llmring.transport.destination import RequestHead
from llmring.transport.exchange import Patience, answer_timeout
from llmring.transport.http_errors import closed_early, no_answer_in_time, not_http

# Bytes that have come and were not read; beyond, the server has to wait.
_MOST_UNREAD = 256 * 1024

# Large bodies are sent in pieces, between which other calls go on.
PIECE_BYTES = 128 * 1024

_NEVER = float("inf")

# Timers keep no variables of the application alive.
_NO_CONTEXT = contextvars.Context()


class ConnectionOwner(Protocol):
    """The keeper of connections between requests."""

    def keep(self, connection: Connection) -> None:
        """Keep a connection whose answer has ended, for another request."""

    def drop(self, connection: Connection) -> None:
        """Drop a connection that has ended."""


class Connection(asyncio.Protocol):
    """A connection, which carries one request after the other.

    Args:
        loop: The event loop.
        owner: Keeps it between requests.
        is_secure: True for TLS, to the server or to a proxy.

    Attributes:
        descriptor: The descriptor of its socket.
        transport: The transport; None before it is connected.
        parser: The answer that is coming; None between answers.
        fault: Why the connection has failed, if it has.
        is_paused: True while the server has to wait.
        idle_since: The loop's time at which the last answer ended.
        is_remembered: True once its TLS session is kept for the next connection.
    """

    __slots__ = (
        "_deadline",
        "_drained",
        "_is_secure",
        "_is_sent",
        "_loop",
        "_owner",
        "_patience",
        "_timer",
        "_timer_at",
        "_waiter",
        "_waits_for_end",
        "descriptor",
        "fault",
        "idle_since",
        "is_paused",
        "is_remembered",
        "parser",
        "transport",
    )

    def __init__(
        self,
        loop: AbstractEventLoop,
        owner: ConnectionOwner,
        *,
        is_secure: bool,
    ) -> None:
        self._loop = loop
        self._is_secure = is_secure
        self._owner = owner
        self.descriptor = -1
        self.transport: Any = None
        self.parser: AnswerParser | None = None
        self.fault: LLMRingError | None = None
        self.is_paused = self.is_remembered = self._waits_for_end = False
        self._is_sent = True
        self._waiter: Future[None] | None = None
        self._drained: Future[None] | None = None
        self._deadline = self._timer_at = _NEVER
        self._patience: Patience | None = None
        self._timer: TimerHandle | None = None
        self.idle_since = 0.0

    # --- what the event loop calls ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read what has come, and wake the caller who waits for it."""
        parser = self.parser
        if parser is None:
            # It answers without a request.
            self.abort()
            return
        had_head = parser.status
        try:
            parser.feed(data)
        except BadAnswerError as error:
            self.fail(not_http(str(error), parser.status or None))
            return
        if parser.complete:
            self._complete(parser)
        elif parser.pending > _MOST_UNREAD and not self._waits_for_end:
            self.is_paused = True
            self.transport.pause_reading()
        if parser.complete or (parser.status and not (self._waits_for_end and had_head)):
            self._wake()

    def eof_received(self) -> None:
        """Take the end of what the server sends."""
        parser = self.parser
        if parser is not None:
            if parser.end():
                self._complete(parser)
                self._wake()
            else:
                self.fail(closed_early(parser.status or None))

    def connection_lost(self, _: Exception | None) -> None:
        """End the answer with the connection."""
        parser = self.parser
        if parser is not None:
            # Without a proper end, not even an answer without a length is known to be whole.
            self.fail(closed_early(parser.status or None))
        # A call that still waits is to fail, and not to wait on.
        self._wake()
        self._owner.drop(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.resume_writing()

    def pause_writing(self) -> None:
        """Let the sender wait."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let the sender go on."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # --- what a call does -------------------------------------------------------------------------

    async def ask(
        self, head: RequestHead, body: bytes, deadline: float | None, parser: AnswerParser
    ) -> None:
        """Send a request, and wait for the head of its answer.

        Args:
            head: The head of the request.
            body: The body.
            deadline: The loop's time at which to give up; None for never.
            parser: Reads the answer.

        Raises:
            ProviderError: No answer came.
        """
        self.parser = parser
        self._waits_for_end = False
        self.expire_at(deadline)
        try:
            if len(body) <= PIECE_BYTES:
                self.transport.write(head.data + body)
            else:
                self.transport.write(head.data)
                await self._send(body, parser)
            while not parser.status:
                await self._arrival(parser)
                self._check(parser)
        except BaseException:
            # A call that is cancelled as its answer ends may find the connection at work for
            # another one.
            if self.parser is parser:
                self.abort()
            raise

    async def _send(self, body: bytes, parser: AnswerParser) -> None:
        """Send a large body, until an answer comes."""
        self._is_sent = False
        view = memoryview(body)
        for at in range(0, len(view), PIECE_BYTES):
            if self.parser is not parser or parser.status:
                return
            self.transport.write(view[at : at + PIECE_BYTES])
            await (self._drained or asyncio.sleep(0))
        self._is_sent = True

    async def more(self, parser: AnswerParser, *, until_end: bool = False) -> None:
        """Wait until more of an answer has come.

        Args:
            parser: The answer.
            until_end: Wait until all of it has come.

        Raises:
            ProviderError: No more will come.
        """
        await self._arrival(parser, until_end=until_end)
        self._check(parser)

    def _arrival(self, parser: AnswerParser, *, until_end: bool = False) -> Future[None]:
        """Return what ends when more of an answer, or its end, has come."""
        if self.parser is not parser:
            raise self.fault or closed_early(parser.status or None)
        self._waits_for_end = until_end
        if self.is_paused:
            self.resume_reading()
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def _check(self, parser: AnswerParser) -> None:
        """Raise why nothing more of an answer has come, if so."""
        if self.parser is not parser and not (parser.complete or parser.pieces):
            raise self.fault or closed_early(parser.status or None)

    def resume_reading(self) -> None:
        """Let the server, which had to wait, go on."""
        self.is_paused = False
        self.transport.resume_reading()

    def expire_at(self, when: float | None) -> None:
        """Fail at this time of the loop's clock if the answer has not ended; None for never."""
        self._deadline = _NEVER if when is None else when
        self._set_timer(self._deadline)

    def watch(self, patience: Patience) -> None:
        """Fail when the answer has brought too little for too long."""
        self._patience = patience
        self._set_timer(min(patience.due(), self._loop.time() + patience.interval))

    def fail(self, fault: LLMRingError) -> None:
        """End the connection, and the answer with an error."""
        self.fault = fault
        self.abort()
        self._wake()

    def abort(self) -> None:
        """End the connection at once; what was not sent is dropped."""
        self.parser = None
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """End an idle connection."""
        self.transport.close()
        if self._is_secure:
            # By now the notice of the end is sent; the server's own need not be waited for.
            self.transport.abort()

    # --- inside -----------------------------------------------------------------------------------

    def _wake(self) -> None:
        # By the time the caller goes on, the connection may serve another one.
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _complete(self, parser: AnswerParser) -> None:
        self.parser = self._patience = None
        # The timer stays, for the next answer; it is late more often than not.
        self._deadline = _NEVER
        if not self._is_sent:
            self.abort()
        elif parser.keeps_alive and not self.transport.is_closing():
            if self.is_paused:
                self.resume_reading()
            self.idle_since = self._loop.time()
            self._owner.keep(self)
        else:
            self.close()

    def _set_timer(self, when: float) -> None:
        if when < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._ring, context=_NO_CONTEXT)
            self._timer_at = when

    def _ring(self) -> None:
        self._timer, self._timer_at = None, _NEVER
        parser, patience = self.parser, self._patience
        if parser is None:
            return
        now = self._loop.time()
        if now >= self._deadline:
            status = parser.status
            self.fail(answer_timeout(None, status) if status else no_answer_in_time())
            return
        if patience is not None:
            if self._waiter is None or self._waiter.done():
                # The caller takes its time; what has come in the meantime has not been read.
                patience.forgive(now)
            fate = patience.verdict(now)
            if fate is not None:
                self.fail(fate)
                return
            # The time may come sooner than it seems now.
            self._set_timer(min(patience.due(), now + patience.interval))
        self._set_timer(self._deadline)
