"""A listener between a client and a server that passes all bytes on, and keeps a copy."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

import h11
from msgspec import Struct

# Agents send large bodies, and many headers.
_LARGEST_HEAD = 1 << 20


class Exchange(Struct, frozen=True, kw_only=True):
    """A request, and the status of its answer.

    Attributes:
        at: The time of its first bytes, of a monotonic clock.
        answered_at: The time of the first bytes of the answer; None without one.
        status: The status of the answer; None without one.
        answer: The body of the answer, as far as it came.
    """

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None
    answered_at: float | None
    answer: bytes


class _Connection:
    """What went over one connection: pieces, each with its time."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes]] = []
        self.got: list[tuple[float, bytes]] = []


class Tap:
    """A listener in front of a server.

    Args:
        port: The port of the server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[_Connection] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def exchanges(self) -> list[Exchange]:
        """Return the requests so far, in the order in which they came."""
        found = [each for one in self._connections for each in read_exchanges(one.sent, one.got)]
        return sorted(found, key=lambda each: each.at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                kept = _Connection()
                self._connections.append(kept)
                for source, target, copy in (
                    (client, server, kept.sent),
                    (server, client, kept.got),
                ):
                    threading.Thread(target=_pump, args=(source, target, copy), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, copy: list[tuple[float, bytes]]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            copy.append((time.monotonic(), data))
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def read_exchanges(
    sent: Sequence[tuple[float, bytes]], got: Sequence[tuple[float, bytes]]
) -> Iterator[Exchange]:
    """Read the requests of a connection, and the statuses of their answers.

    Args:
        sent: The client's bytes, in pieces with their times.
        got: The server's bytes, likewise.
    """
    requests, answers = _Half(h11.SERVER, sent), _Half(h11.CLIENT, got)
    while (asked := requests.message()) is not None:
        head = asked.head
        answers.connection.send(
            h11.Request(method=head.method, target=head.target, headers=list(head.headers))
        )
        with contextlib.suppress(h11.LocalProtocolError):
            answers.connection.send(h11.Data(data=asked.body))
            answers.connection.send(h11.EndOfMessage())
        reply = answers.message()
        yield Exchange(
            at=asked.at,
            method=head.method.decode(),
            path=head.target.decode(),
            headers={name.decode(): value.decode("latin-1") for name, value in head.headers},
            body=asked.body,
            status=None if reply is None else reply.head.status_code,
            answered_at=None if reply is None else reply.at,
            answer=b"" if reply is None else reply.body,
        )
        if reply is None or not reply.complete:
            return
        requests.connection.send(
            h11.Response(status_code=reply.head.status_code, headers=list(reply.head.headers))
        )
        with contextlib.suppress(h11.LocalProtocolError):
            requests.connection.send(h11.Data(data=reply.body))
            requests.connection.send(h11.EndOfMessage())
        try:
            requests.connection.start_next_cycle()
            answers.connection.start_next_cycle()
        except h11.LocalProtocolError:
            return


class _Message(Struct):
    at: float
    head: Any
    body: bytes = b""
    complete: bool = False


class _Half:
    """One direction of a connection."""

    def __init__(self, role: Any, pieces: Sequence[tuple[float, bytes]]) -> None:
        self.connection = h11.Connection(role, max_incomplete_event_size=_LARGEST_HEAD)
        self._pieces = iter([*pieces])
        self._at = 0.0

    def message(self) -> _Message | None:
        """Return the next message; None if there is none with a whole head."""
        found: _Message | None = None
        with contextlib.suppress(h11.RemoteProtocolError):
            while True:
                event = self.connection.next_event()
                if event is h11.NEED_DATA:
                    self._at, data = next(self._pieces, (self._at, b""))
                    self.connection.receive_data(data)
                elif isinstance(event, h11.Request | h11.Response):
                    found = _Message(self._at, event)
                elif isinstance(event, h11.Data) and found is not None:
                    found.body += event.data
                elif isinstance(event, h11.EndOfMessage) and found is not None:
                    found.complete = True
                    return found
                elif not isinstance(event, h11.InformationalResponse):
                    return found
        return found
