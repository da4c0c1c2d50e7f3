"""The HTTP/1.1 server of the gateway: uvicorn's, with bounds on time and size.

uvicorn waits for the head of a request without an end, reads heads of any size, and keeps a
connection whose client reads nothing.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from llmring.gateway.server.client_call import CONNECTION

if TYPE_CHECKING:
    from asyncio import TimerHandle

_TOO_SLOW = b"408 Request Timeout"
_DAMAGED = b"400 Bad Request"
_TOO_LARGE = b"431 Request Header Fields Too Large"

# The headers that show how long a body is.
_FRAMING = (b"content-length", b"transfer-encoding")

# The kernel would keep up to some megabytes for a client that reads nothing.
_KERNEL_BYTES = 256 * 1024


class _TooManyHeadersError(Exception):
    """A head with more headers than any client sends."""


class _WithoutFirstHead:
    """The reports of a parser, except for the head of the first request.

    Args:
        protocol: The protocol to which the rest is reported.
    """

    def __init__(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol
        self._is_first = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        if not self._is_first:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target of a request."""
        if not self._is_first:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self._is_first:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        if not self._is_first:
            self._protocol.on_headers_complete()
        self._is_first = False


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a client.

    Attributes:
        on_gone: Called when the connection is closed, for the call in progress.
        head_timeout: Seconds from the beginning of a connection, or from the first byte of another
            request, until a head has to be complete.
        write_stall: Seconds after which a client that reads nothing is dropped.
        last_request: Seconds for which a gateway that ends waits for another request.
        most_head: Bytes of a head, or of a body between two pieces of its content.
        most_headers: Headers of a request.
        most_connections: Connections of one address.
    """

    on_gone: Callable[[], None] | None = None

    head_timeout: ClassVar[float] = 10.0
    write_stall: ClassVar[float] = 60.0
    last_request: ClassVar[int] = 1
    most_head: ClassVar[int] = 64 * 1024
    most_headers: ClassVar[int] = 128
    most_connections: ClassVar[int] = 1024

    _open: ClassVar[Counter[str]] = Counter()

    _head_timer: TimerHandle | None = None
    _write_timer: TimerHandle | None = None
    _address: str | None = None
    # Bytes that have brought neither a head nor a part of a body to its end.
    _fruitless = 0
    _is_in_body = False
    # What is being parsed.
    _data = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._extensions: dict[str, Any] = {CONNECTION: self}
        opened = transport.get_extra_info("socket")
        if opened is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._address = self.client[0] if self.client else ""
        self._open[self._address] += 1
        if self._address and self._open[self._address] > self.most_connections:
            transport.abort()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._address is not None:
            self._open[self._address] -= 1
            if not self._open[self._address]:
                del self._open[self._address]
            self._address = None
        self._stop_timers()
        super().connection_lost(exc)
        if self.on_gone is not None:
            self.on_gone()

    def data_received(self, data: bytes) -> None:
        """Read what has come, within bounds."""
        self._fruitless += len(data)
        self._data = data
        super().data_received(data)
        self._data = b""
        if self.transport.is_closing():
            return
        if self._fruitless > self.most_head or len(self.headers or ()) > self.most_headers:
            self._refuse(_DAMAGED if self._is_in_body else _TOO_LARGE)
        elif self._head_timer is None and not self._is_in_body and self._is_idle():
            # A part of another request, perhaps not even its first line.
            self._await_head()

    def on_headers_complete(self) -> None:
        """Start to answer a request."""
        if len(self.headers) > self.most_headers:
            raise _TooManyHeadersError
        self._fruitless = 0
        self._is_in_body = True
        self._stop_head_timer()
        super().on_headers_complete()
        # uvicorn adds the trailers of the body to its own list.
        self.scope["headers"] = list(self.headers)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._fruitless = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if self.parser.should_upgrade() and self._has_body():
            return
        self._fruitless = 0
        self._is_in_body = False
        super().on_message_complete()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def _unsupported_upgrade_warning(self) -> None:
        """Answer a request that offers another protocol in this one."""
        if self._has_body():
            self._read_body_again()
        else:
            # The parser reads nothing more.
            self.cycle.keep_alive = False

    def _has_body(self) -> bool:
        return any(name in _FRAMING for name, _ in self.headers)

    def _read_body_again(self) -> None:
        """Read the body of a request that offers another protocol, which the parser skips.

        Java's own client offers HTTP/2 with each request.
        """
        error = sys.exc_info()[1]
        assert isinstance(error, httptools.HttpParserUpgrade)  # noqa: S101 -- who calls this
        rest = self._data[error.args[0] :]
        framing = [b"%b: %b\r\n" % each for each in self.headers if each[0] in _FRAMING]
        self.parser = httptools.HttpRequestParser(_WithoutFirstHead(self))
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        if rest:
            self.data_received(rest)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn calls this
        """Refuse what is not HTTP."""
        self._refuse(_DAMAGED)

    def pause_writing(self) -> None:
        """Hold the answer back, since the client reads too slowly."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._stop_write_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """Close the connection as soon as it was idle for a moment.

        A request may be on its way, since the client has not been asked to close the connection.
        """
        self.timeout_keep_alive = self.last_request
        if self._is_idle():
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.last_request, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; the client gets the time of a stall to read what is left."""
        super().timeout_keep_alive_handler()
        self._watch_writing()

    def has_arrived(self) -> bool:
        """Return True if all of the request has come, so that reading it takes no time."""
        return not (self.cycle.more_body or self.cycle.waiting_for_100_continue or self.pipeline)

    def break_off(self, *, at_once: bool = False) -> None:
        """Close the connection without the end of the answer.

        Args:
            at_once: True to drop what the client has not read yet.
        """
        # Without chunks, the client would take the end of the connection for that of the answer.
        if self.scope["http_version"] == "1.0":
            opened = self.transport.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            at_once = True
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()
            self._watch_writing()

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_timeout, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._fruitless:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        """End the connection, with an error if that can't get into the middle of an answer."""
        is_answering = self.pipeline or (not self._is_idle() and self.cycle.response_started)
        if not is_answering and not self.transport.is_closing():
            head = b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head % status)
        self.transport.close()

    def _watch_writing(self) -> None:
        """Drop the client if it reads nothing for the time of a stall."""
        self._stop_write_timer()
        left = self.transport.get_write_buffer_size()
        if left:
            self._write_timer = self.loop.call_later(self.write_stall, self._write_is_late, left)

    def _write_is_late(self, before: int) -> None:
        self._write_timer = None
        if self.transport.get_write_buffer_size() < before:
            self._watch_writing()
        else:
            self.transport.abort()

    def _stop_timers(self) -> None:
        self._stop_head_timer()
        self._stop_write_timer()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
