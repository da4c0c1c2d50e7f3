"""A relay between a client and a gateway, which counts the requests of one call."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_VERBS = (b"POST ", b"GET ")


class Relay:
    """Passes bytes on, both ways.

    Args:
        base: The base URL of the gateway.

    Attributes:
        base: The base URL of the relay.
        requests: How many requests have passed.
    """

    def __init__(self, base: str) -> None:
        place = urlsplit(base)
        self._target = (place.hostname or "", place.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.base = urlunsplit(place._replace(netloc=f"127.0.0.1:{port}"))
        self.requests = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                gateway = socket.create_connection(self._target)
            except OSError:
                return
            self._open += [client, gateway]
            for side in (client, gateway):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair in ((client, gateway), (gateway, client)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                # A client sends its next request only after the answer.
                self.requests += data.startswith(_VERBS)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
            return
        # What was reset on one side is reset on the other.
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
