"""A loopback HTTP server that answers, byte for byte, what a test tells it to."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Pause:
    """The server waits before it goes on."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """The server cuts the connection with a TCP reset."""


@dataclass(frozen=True)
class Close:
    """The server closes the connection in the middle of the answer."""


Step = bytes | Pause | Reset | Close


@dataclass(frozen=True)
class Answer:
    """What the server sends for one request."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    framing: Literal["length", "chunked", "raw"] = "length"


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(
        [json.dumps(value).encode()], status, {"content-type": "application/json", **named}
    )


def as_stream(*steps: Step, content_type: str = "text/event-stream") -> Answer:
    """An answer that comes in pieces, each one a chunk of HTTP."""
    return Answer(steps, 200, {"content-type": content_type}, "chunked")


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Loopback:
    """The server. Answers are given in order; the last one is repeated."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.hung_up = threading.Event()
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._start(self._accept)

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def received(self, count: int = 1, seconds: float = 30) -> bool:
        """Wait for so many requests, and say whether they came."""
        until = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < until:
            time.sleep(0.005)
        return len(self.requests) >= count

    def left_alone(self, seconds: float = 5) -> bool:
        """Wait until every connection is closed, and say whether that came."""
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until:
            time.sleep(0.005)
        return not self._open

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Else the kernel holds small pieces back for 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError):
            tls = self._tls
            connection = tls.wrap_socket(raw, server_side=True) if tls else raw
            with connection:
                self._converse(connection)
        self._open.discard(raw)

    def _converse(self, connection: socket.socket) -> None:
        while (request := _read_request(connection)) is not None:
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if not self._play(connection, answer):
                break

    def _play(self, connection: socket.socket, answer: Answer) -> bool:
        """Whether the connection can go on."""
        head_sent = False
        for step in answer.steps:
            match step:
                case Pause(seconds):
                    if self._gone(connection, seconds):
                        return False
                case Reset():
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return False
                case Close():
                    return False
                case bytes():
                    if not head_sent:
                        connection.sendall(_head(answer))
                        head_sent = True
                    connection.sendall(_frame(step, answer.framing))
        if not head_sent:
            connection.sendall(_head(answer))
        if answer.framing == "chunked":
            connection.sendall(b"0\r\n\r\n")
        return answer.framing != "raw"

    def _gone(self, connection: socket.socket, seconds: float) -> bool:
        """Wait, and say whether the client hung up meanwhile."""
        until = time.monotonic() + seconds
        connection.setblocking(False)
        try:
            while time.monotonic() < until and not self._closing:
                try:
                    if connection.recv(1, socket.MSG_PEEK) == b"":
                        self.hung_up.set()
                        return True
                except BlockingIOError:
                    pass
                except OSError:
                    self.hung_up.set()
                    return True
                time.sleep(0.005)
        finally:
            connection.setblocking(True)
        return self._closing


def _head(answer: Answer) -> bytes:
    if answer.framing == "raw":
        return b""
    length = sum(len(step) for step in answer.steps if isinstance(step, bytes))
    headers = {k.lower(): v for k, v in answer.headers.items()}
    if answer.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    else:
        headers.setdefault("content-length", str(length))
    lines = [f"HTTP/1.1 {answer.status} Status", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _frame(data: bytes, framing: str) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n" if framing == "chunked" else data


def _read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
