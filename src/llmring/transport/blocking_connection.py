"""A connection of synchronous callers to a server; it blocks the calling thread."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from llmring.exceptions import LLMRingError
from llmring.transport.answer_parser import AnswerParser, BadAnswerError
from llmring.transport.destination import RequestHead
from llmring.transport.exchange import Patience, answer_timeout
from llmring.transport.http_errors import closed_early, no_answer_in_time, not_http

_RECEIVE_BYTES = 64 * 1024


class BlockingConnection:
    """A connection, which carries one request after the other.

    Its `more` is a coroutine that never waits on a loop, so that `HttpExchange` reads from it as
    from a `Connection`.

    Args:
        sock: The connected socket.
        on_idle: Called when an answer has ended and another request may follow.
        on_lost: Called when the connection has ended.

    Attributes:
        sock: The socket.
        parser: The answer that is coming; None between answers.
        fault: Why the connection has failed, if it has.
        idle_since: The time of the monotonic clock at which the last answer ended.
        is_remembered: True once its TLS session is kept for the next connection.
    """

    __slots__ = (
        "_deadline",
        "_on_idle",
        "_on_lost",
        "_patience",
        "fault",
        "idle_since",
        "is_remembered",
        "parser",
        "sock",
    )

    def __init__(
        self,
        sock: socket.socket,
        on_idle: Callable[[BlockingConnection], None],
        on_lost: Callable[[BlockingConnection], None],
    ) -> None:
        self.sock = sock
        self._on_idle = on_idle
        self._on_lost = on_lost
        self.parser: AnswerParser | None = None
        self.fault: LLMRingError | None = None
        self._deadline: float | None = None
        self._patience: Patience | None = None
        self.idle_since = 0.0
        self.is_remembered = False

    def ask(
        self, head: RequestHead, body: bytes, deadline: float | None, parser: AnswerParser
    ) -> None:
        """Send a request, and wait for the head of its answer.

        Args:
            head: The head of the request.
            body: The body.
            deadline: The monotonic clock's time at which to give up; None for never.
            parser: Reads the answer.

        Raises:
            ProviderError: No answer came.
        """
        self.parser = parser
        self._deadline = deadline
        try:
            self._send(head, body)
            while not parser.status:
                self._require(parser)
                self._receive(parser)
        except BaseException:
            # An answer that was whole has already freed the connection for other threads.
            if self.parser is parser:
                self.abort()
            raise

    def _send(self, head: RequestHead, body: bytes) -> None:
        try:
            self._wait_at_most(self._seconds_left())
            self.sock.sendall(head.data + body)
        except TimeoutError:
            self.fail(no_answer_in_time())
        except OSError:
            # A server that does not take the request may have answered all the same.
            return

    async def more(self, parser: AnswerParser, *, until_end: bool = False) -> None:
        """Block until more of an answer has come.

        Args:
            parser: The answer.
            until_end: Block until all of it has come.

        Raises:
            ProviderError: No more will come.
        """
        self._require(parser)
        pieces = parser.pieces
        while self.parser is parser and (until_end or not pieces):
            self._receive(parser)
        if not (parser.complete or pieces):
            raise self.fault or closed_early(parser.status or None)

    def _require(self, parser: AnswerParser) -> None:
        """Raise the error of an answer that has ended early."""
        if self.parser is not parser:
            raise self.fault or closed_early(parser.status or None)

    def _receive(self, parser: AnswerParser) -> None:
        """Read once from the server."""
        fate: LLMRingError | None = None
        try:
            self._wait_at_most(self._seconds_left())
            data = self.sock.recv(_RECEIVE_BYTES)
            if data:
                parser.feed(data)
            elif self.fault is not None or not parser.end():
                # Interrupted, or cut: either way the server has not ended the answer.
                fate = closed_early(parser.status or None)
        except TimeoutError:
            fate = self._verdict(parser)
        except BadAnswerError as error:
            fate = not_http(str(error), parser.status or None)
        except OSError:
            fate = closed_early(parser.status or None)
        if fate is not None:
            self.fail(fate)
        elif parser.complete:
            self._complete(parser)

    def _seconds_left(self) -> float | None:
        """Return for how many seconds the server may send nothing.

        Raises:
            TimeoutError: The time is up.
        """
        patience, until = self._patience, self._deadline
        if patience is None and until is None:
            return None
        now = time.monotonic()
        if until is not None and now >= until:
            raise TimeoutError
        if patience is not None:
            due = patience.due()
            until = due if until is None else min(until, due)
        return until - now if until is not None else None

    def _wait_at_most(self, seconds: float | None) -> None:
        # A socket does not wait at all with 0 seconds.
        self.sock.settimeout(None if seconds is None else max(seconds, 0.001))

    def _verdict(self, parser: AnswerParser) -> LLMRingError:
        """Return the error of an answer whose time is up."""
        now = time.monotonic()
        if self._patience is not None and not (self._deadline and now >= self._deadline):
            fate = self._patience.verdict(max(now, self._patience.due()))
            if fate is not None:
                return fate
        return answer_timeout(None, parser.status) if parser.status else no_answer_in_time()

    def expire_at(self, when: float | None) -> None:
        """Fail at this time of the monotonic clock if the answer has not ended; None for never."""
        self._deadline = when

    def watch(self, patience: Patience) -> None:
        """Fail when the answer has brought too little for too long."""
        self._patience = patience

    def fail(self, fault: LLMRingError) -> None:
        """End the connection, and the answer with an error."""
        self.fault = self.fault or fault
        self.abort()

    def interrupt(self, fault: LLMRingError) -> None:
        """End an answer that another thread is waiting for."""
        self.fault = fault
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """End the connection."""
        self.parser = None
        self.sock.close()
        self._on_lost(self)

    def _complete(self, parser: AnswerParser) -> None:
        self.parser = self._patience = self._deadline = None
        if parser.keeps_alive and self.fault is None:
            self.idle_since = time.monotonic()
            self._on_idle(self)
        else:
            self.abort()
