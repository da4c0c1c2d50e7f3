"""Gateways without a server of their own, and a server that passes requests to a handler."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import RefusedCallError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Answer, Loopback, Request

SECRET = b"a secret of at least 32 characters"

TOOL = {"type": "object", "properties": {"city": {"type": "string"}}}
# A question in each API, with a tool, to the alias `t`.
QUESTIONS: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "t",
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}],
    },
    "responses": {
        "model": "t",
        "input": "Hello",
        "store": False,
        "tools": [{"type": "function", "name": "weather", "parameters": TOOL, "strict": False}],
    },
    "messages": {
        "model": "t",
        "max_tokens": 2000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"name": "weather", "input_schema": TOOL}],
    },
    "gemini": {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": TOOL}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    },
    "ollama": {
        "model": "t",
        "messages": [{"role": "user", "content": "Hello"}],
        "think": True,
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}],
    },
}

Handler = Callable[[GatewayRequest], Awaitable[GatewayAnswer]]


def gateway_of(ring: ServedRing, **options: Any) -> Gateway:
    """Return a gateway; the settings of its table are among the options."""
    keys = options.keys() & set(GatewayTable.__struct_fields__)
    table = GatewayTable(**{name: options.pop(name) for name in keys})
    return Gateway(ring=ring, table=table, secret=SECRET, **options)


def get(path: str = "/v1/models", **fields: Any) -> GatewayRequest:
    return GatewayRequest(method="GET", path=path, **fields)


def post(path: str, body: bytes, **fields: Any) -> GatewayRequest:
    return GatewayRequest(method="POST", path=path, body=body, **fields)


def as_gateway_request(request: Request) -> GatewayRequest:
    parts = urlsplit(request.path)
    return GatewayRequest(
        method=request.method,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=request.headers,
        body=request.body,
    )


class HandlerServer(Loopback):
    """A server whose answers are those of a handler; a refusal is an answer with its status.

    Args:
        handler: The handler.
        ring: The ring that it calls, whose connections are closed at the end.
    """

    def __init__(self, handler: Handler, ring: ServedRing) -> None:
        self._handler = handler
        self._ring = ring
        self._loop = asyncio.new_event_loop()
        self._turning = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._turning.start()
        super().__init__()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _answer(self, request: Request) -> Answer:
        async def handle() -> GatewayAnswer:
            return await self._handler(as_gateway_request(request))

        try:
            answer = self._run(handle())
        except RefusedCallError as error:
            return Answer([b'{"error":{"message":"refused"}}'], error.status)
        assert isinstance(answer.body, bytes)
        return Answer([answer.body], answer.status, dict(answer.headers))

    def close(self) -> None:
        super().close()
        self._run(self._ring.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._turning.join(5)
        self._loop.close()
