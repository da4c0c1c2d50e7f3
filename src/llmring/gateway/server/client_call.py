"""A call of a client: its head, and whether the client is still there."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol

from msgspec import Struct

from llmring.clock import SYSTEM
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.routes import ReadPath, read_path
from llmring.gateway.server.body import Receive
from llmring.gateway.server.sending import Send
from llmring.gateway.watching.running_call import RunningCall
from llmring.gateway.wires import CHAT, Wire

Scope = MutableMapping[str, Any]

# The extension by which the gateway's own server offers the connection.
CONNECTION = "llmring.connection"

_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class CallHead(Struct, frozen=True, kw_only=True):
    """The head of a request.

    Attributes:
        method: The method.
        path: The path.
        headers: The headers, by their names in lower case.
        request_id: The ID of the request.
    """

    method: str
    path: ReadPath
    headers: Mapping[str, str]
    request_id: str


class ServerConnection(Protocol):
    """The connection of a client, as the gateway's own server offers it.

    Attributes:
        on_gone: Called when the connection is closed, for the call in progress.
    """

    on_gone: Callable[[], None] | None

    def has_arrived(self) -> bool:
        """Return True if all of the request has come, so that reading it takes no time."""

    def break_off(self, *, at_once: bool = False) -> None:
        """Close the connection without the end of the answer."""


class ClientCall:
    """A call that is being answered.

    Args:
        task: The task that answers it.
        scope: The head of the request, and what the server adds to it.
        receive: Reads the next part of the request.
        send: Sends a part of the answer.

    Attributes:
        scope: The head of the request, and what the server adds to it.
        head: The head, read.
        wire: The API of the answer.
        connection: The connection, if the server offers more of it than all servers do.
        send: Sends a part of the answer.
        begun: The answer of which the head has been sent.
        is_over: True once nothing but the end of the answer is to be sent.
        is_gone: True if the client has closed the connection before that.
        is_read: True once all of the request has been read.
        is_terse: True if the answer has no headers about the call.
        failure: The error that ended it, if one did.
        watched: The facts of it that are recorded; None for no record.
    """

    def __init__(self, task: asyncio.Task[Any], scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.head = read_head(scope)
        self.send = send
        self.wire: Wire = CHAT
        self.begun: GatewayAnswer | None = None
        self.is_over = self.is_gone = self.is_read = self.is_terse = False
        self.failure: BaseException | None = None
        self.watched: RunningCall | None = None
        self.connection: ServerConnection | None = (scope.get("extensions") or {}).get(CONNECTION)
        self._task = task
        self._receive = receive
        self._watcher: asyncio.Task[None] | None = None

    async def receive(self) -> Mapping[str, Any]:
        """Read the next part of the request."""
        message = await self._receive()
        if not message.get("more_body"):
            self.is_read = True
        return message

    @property
    def has_arrived(self) -> bool:
        """True if all of the request has come; False if the server does not report that."""
        return self.connection is not None and self.connection.has_arrived()

    def watch(self) -> None:
        """End the call at once if the client closes the connection from now on."""
        if self.connection is not None:
            self.connection.on_gone = self._leave
        else:
            self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await self.until_gone()
        self._leave()

    def _leave(self) -> None:
        if not self.is_over:
            self.is_gone = True
            self._task.cancel()

    async def until_gone(self) -> None:
        """Wait until the connection is closed."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def end(self) -> None:
        """Watch the client no longer."""
        self.is_over = True
        if self.connection is not None:
            self.connection.on_gone = None
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])


def read_head(scope: Scope) -> CallHead:
    """Read the head of a request."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        # https://www.rfc-editor.org/rfc/rfc9110#section-5.3
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path = read_path(raw_path.decode("latin-1"))
    asked = headers.get("x-request-id", "")
    request_id = asked if _REQUEST_ID.fullmatch(asked) else new_id()
    headers["x-request-id"] = request_id
    if path.is_anthropic:
        headers.setdefault("anthropic-version", "")
    return CallHead(method=scope["method"], path=path, headers=headers, request_id=request_id)


def new_id() -> str:
    """Return a UUID of version 7, which begins with the time.

    https://www.rfc-editor.org/rfc/rfc9562#section-5.7
    """
    milliseconds = SYSTEM.time_ns() // 10**6 & (1 << 48) - 1
    random = int.from_bytes(os.urandom(10))
    high, low = random >> 62 & 0xFFF, random & (1 << 62) - 1
    text = f"{milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
