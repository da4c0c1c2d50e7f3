"""A server on loopback whose connections run scripts: any bytes, in any pieces, at any time."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

# Longer than anything here takes: who waits this long hangs.
HANGS = 10.0

# Between two pieces, so that the client reads them apart.
APART = 0.001


@dataclass(frozen=True)
class Received:
    """A request as a connection received it.

    Attributes:
        connection: The number of its connection, from 0.
        line: The first line.
        headers: The headers, with lower-case names, in order.
        body: The body, as far as it was received.
    """

    connection: int
    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    @property
    def method(self) -> str:
        return self.line.partition(" ")[0]


class Connection:
    """One accepted connection, for a script to act on.

    Attributes:
        number: Its number, from 0.
    """

    def __init__(self, raw: socket.socket, server: RawServer, number: int) -> None:
        self._raw = raw
        self._socket = raw
        self._server = server
        self._pending = b""
        self.number = number

    def receive(self) -> Received | None:
        """Receive a whole request and record it; None if the client closed."""
        head = self.receive_head()
        if head is None:
            return None
        length = int((head.values("content-length") or ["0"])[0])
        body = bytearray(self._pending)
        while len(body) < length:
            more = self._more()
            if not more:
                return None
            body += more
        self._pending = bytes(body[length:])
        request = Received(self.number, head.line, head.headers, bytes(body[:length]))
        self._server.requests.append(request)
        return request

    def receive_head(self) -> Received | None:
        """Receive the head of a request, and leave its body unread; None if the client closed."""
        while b"\r\n\r\n" not in self._pending:
            more = self._more()
            if not more:
                return None
            self._pending += more
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        pairs = (each.partition(":") for each in lines)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        received = Received(self.number, line, headers, b"")
        self._server.heads.append(received)
        return received

    def receive_some(self) -> bytes:
        """Receive the next bytes; empty once the client is gone."""
        pending, self._pending = self._pending, b""
        return pending or self._more()

    def _more(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except OSError:
            return b""

    def send(self, *pieces: bytes) -> bool:
        """Send pieces one after the other; return False once the client is gone."""
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(APART)
            try:
                self._socket.sendall(piece)
            except OSError:
                return False
        return True

    def send_slowly(self, data: bytes, pause: float) -> None:
        """Send byte by byte, each after a pause, until the client is gone."""
        for byte in data:
            if self.drain(pause) or not self.send(bytes([byte])):
                return

    def pause(self, seconds: float) -> None:
        """Wait, at most until the server is closed."""
        self._server.closing.wait(seconds)

    def half_close(self) -> None:
        """Send the end of the stream, and go on receiving."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with a reset instead of an end."""
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close at once; of TLS, without its closing alert."""
        self._socket.close()
        self._raw.close()

    def drain(self, seconds: float = HANGS) -> bool:
        """Discard what the client sends, and return True once it has closed."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._server.closing.is_set():
            with contextlib.suppress(OSError, ValueError):
                ready, _, _ = select.select([self._socket], [], [], min(left, 0.1))
                if not ready:
                    continue
                if self._socket.recv(65536):
                    continue
            self._server.left.set()
            return True
        return False

    def start_tls(self, context: ssl.SSLContext) -> bool:
        """Greet the client with TLS, within the TLS there is; return False if it refuses."""
        try:
            self._socket = context.wrap_socket(self._socket, server_side=True)
        except (OSError, ValueError):
            return False
        return True

    def end_tls(self) -> None:
        """Send the closing alert of TLS."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(1)
            with contextlib.suppress(OSError, ValueError):
                self._socket.unwrap()

    def relay(self, to: tuple[str, int]) -> None:
        """Pass on bytes between the client and another server until one of them closes."""
        with socket.create_connection(to) as other:
            ends: dict[Any, Any] = {self._socket: other, other: self._socket}
            while not self._server.closing.is_set():
                ready, _, _ = select.select(list(ends), [], [], 0.1)
                for end in ready:
                    # More than the longest record of TLS, so that nothing of it is left unread.
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)


Script = Callable[[Connection], object]


class RawServer:
    """A server whose n-th connection runs the n-th script; the last one runs for all later ones.

    A connection is closed when its script ends.

    Attributes:
        requests: All whole requests that were received.
        heads: All heads of requests that were received.
        connections: The number of connections that were accepted.
        left: Set once a draining connection was closed by the client.
        closing: Set once the server is being closed.
        failures: What a script raised.
    """

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self.requests: list[Received] = []
        self.heads: list[Received] = []
        self.connections = 0
        self.left = threading.Event()
        self.closing = threading.Event()
        self.failures: list[Exception] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def place(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place[1]}/"

    def wait_for(self, holds: Callable[[], bool], seconds: float = HANGS) -> bool:
        """Wait until something holds; return False if it does not in time."""
        until = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > until:
                return False
            time.sleep(0.001)
        return True

    def left_alone(self) -> bool:
        """Wait until no connection is open; return False if there still is one."""
        return self.wait_for(lambda: not self._open)

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANGS)

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number, self.connections = self.connections, self.connections + 1
            self._open.add(raw)
            thread = threading.Thread(target=self._run, args=(raw, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, raw: socket.socket, number: int) -> None:
        connection = Connection(raw, self, number)
        try:
            self._scripts[min(number, len(self._scripts) - 1)](connection)
        except OSError:
            pass  # the client is gone
        except Exception as error:  # noqa: BLE001 - shown by the test that owns the server
            self.failures.append(error)
        finally:
            connection.close()
            self._open.discard(raw)


def whole(body: bytes = b"hello", *lines: str, status: str = "200 OK") -> bytes:
    """Build an answer with a length, and any further header lines."""
    return head(f"content-length: {len(body)}", *lines, status=status) + body


def head(*lines: str, status: str = "200 OK") -> bytes:
    """Build the head of an answer."""
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def chunks(*pieces: bytes) -> bytes:
    """Build a chunked body, with its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def chunked(*pieces: bytes) -> bytes:
    """Build a chunked answer."""
    return head("transfer-encoding: chunked") + chunks(*pieces)


def answering(*answers: bytes) -> Script:
    """Answer one request after the other, then close; the answers are sent as they are."""

    def script(connection: Connection) -> None:
        for answer in answers:
            if connection.receive() is None:
                return
            connection.send(answer)

    return script


def always(answer: Callable[[Received], bytes]) -> Script:
    """Answer every request of a connection, by a function of the request."""

    def script(connection: Connection) -> None:
        while (request := connection.receive()) is not None:
            connection.send(answer(request))

    return script


def split(data: bytes, at: Iterable[int]) -> list[bytes]:
    """Return the pieces of data between these positions."""
    ends = [*at, len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
