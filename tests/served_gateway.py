"""A gateway behind its real HTTP server, in a thread, and raw connections to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import uvloop

from llmring.access.live_access import LiveAccess
from llmring.gateway.app import GatewayApp
from llmring.gateway.callers.key_check import KeyCheck
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.routes import Handler, load_handler
from llmring.gateway.serve import server_for
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server.drain import Drain
from llmring.gateway.server.guarded_protocol import GuardedProtocol
from llmring.gateway.server.listening import listening
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.state_watch import StateWatch
from llmring.gateway.watching.watching import Watching
from llmring.lockfile.gateway_table import GatewayTable

SECRET = b"a secret of at least 32 characters"

CHAT = "/v1/chat/completions"


@dataclass
class Reply:
    """A reply, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ServedGateway:
    """A gateway whose handlers are given.

    Args:
        handlers: Functions by the name of their route; others are those of the gateway.
        table: The settings of the gateway.
        drain: The end of the gateway.
        ring: The ring that makes the calls.
        access: The keys that clients need.
        watching: The records of the calls, made of the ring; None for no records.
        bounds: Attributes of the HTTP server.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        table: GatewayTable | None = None,
        drain: Drain | None = None,
        is_open: bool = True,
        on_call: Callable[[str, str], None] | None = None,
        ring: ServedRing | None = None,
        access: LiveAccess | None = None,
        watching: Callable[[ServedRing], Watching] | None = None,
        **bounds: float,
    ) -> None:
        given = handlers or {}
        self._ring = ServedRing() if ring is None else ring
        self.gateway = gateway = Gateway(
            ring=self._ring,
            table=GatewayTable() if table is None else table,
            secret=SECRET,
            is_open=is_open and access is None,
            access=None if access is None else KeyCheck(access, self._ring.clock),
            watching=None if watching is None else watching(self._ring),
        )
        self.gateway = gateway

        def handler(name: str) -> Handler:
            return given[name] if name in given else load_handler(name)

        self.drain = Drain(0) if drain is None else drain
        self._door = listening("127.0.0.1", 0)
        self.port: int = self._door.getsockname()[1]
        protocol = type("BoundedProtocol", (GuardedProtocol,), bounds)
        state = None
        if gateway.watching is not None:
            state = StateWatch(
                gateway.watching,
                self._ring,
                is_stale=lambda: False,
                is_draining=lambda: self.drain.is_draining,
            )
        app = GatewayApp(
            lambda: gateway, drain=self.drain, handler=handler, on_call=on_call, state=state
        )
        self._server = server_for(app, self.drain, protocol=protocol)
        self.leaked: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._door])
        await self._ring.aclose()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        self.leaked = [repr(task) for task in rest]

    def close(self) -> None:
        """End the gateway, and check that it leaves no task behind."""
        self.drain.begin(at_once=True)
        self._thread.join(10)
        assert not self._thread.is_alive()
        assert self.leaked == []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> set[Any]:
        """The connections that are open."""
        return set(self._server.server_state.connections)

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        opened = socket.socket()
        if receive_buffer is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        opened.settimeout(10)
        opened.connect(("127.0.0.1", self.port))
        return opened

    def raw(self, sent: bytes) -> bytes:
        """Send bytes, and return all that comes until the connection is closed."""
        with self.connect() as opened:
            opened.sendall(sent)
            return read_all(opened)

    def ask(
        self,
        method: str = "POST",
        path: str = CHAT,
        body: bytes | dict[str, Any] | None = None,
        **headers: str,
    ) -> Reply:
        """Send a request, and return the reply; write header names with underscores."""
        with self.connect() as opened:
            opened.sendall(request(method, path, body, **{"connection": "close", **headers}))
            return parsed(read_all(opened))


def request(
    method: str = "POST",
    path: str = CHAT,
    body: bytes | dict[str, Any] | None = None,
    **headers: str,
) -> bytes:
    """Build a request; write header names with underscores."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body or b""
    named = {"host": "localhost"}
    if data:
        named |= {"content-type": "application/json", "content-length": str(len(data))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {named[name]}" for name in named)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def read_all(opened: socket.socket) -> bytes:
    """Return what comes until the connection is closed."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := opened.recv(65536):
            found += data
    return found


def read_until(opened: socket.socket, mark: bytes) -> bytes:
    found = b""
    while mark not in found:
        data = opened.recv(65536)
        assert data, f"closed before {mark!r}: {found!r}"
        found += data
    return found


def parsed(raw: bytes) -> Reply:
    """Parse one reply."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *rows = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (r.partition(":") for r in rows)}
    if headers.get("transfer-encoding") == "chunked":
        body = dechunked(body)
    return Reply(int(line.split()[1]), headers, body)


def dechunked(body: bytes) -> bytes:
    """Return the content of a chunked body; an assertion fails if it has no end."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            return found
        found += body[:count]
        body = body[count + 2 :]


def eventually(check: Callable[[], bool], seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while not check():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


async def echo(gateway: Gateway, request: GatewayRequest, **arguments: Any) -> GatewayAnswer:
    """Answer with what a handler is given."""
    shown = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace")[:1000],
        "size": len(request.body),
        "profile": request.profile,
        "client": request.client,
        "arguments": {
            name: value if isinstance(value, bool | str | None) else value.name
            for name, value in arguments.items()
        },
    }
    headers = {"content-type": "application/json"}
    return GatewayAnswer(headers=headers, body=json.dumps(shown).encode())
