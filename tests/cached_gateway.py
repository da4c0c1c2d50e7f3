"""A gateway that keeps answers, behind its real server, and the same question in each API."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.gateway.wires import Wire
from llmring.wire import HttpHead
from loopback import Answer, Loopback
from served_gateway import Reply, ServedGateway
from vendors import APIS, FALLBACK

# The same question in each API, to the alias `t`.
SAME: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "t",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "max_tokens": 200,
        "temperature": 0,
    },
    "responses": {
        "model": "t",
        "instructions": "Be brief.",
        "input": "Hello",
        "store": False,
        "max_output_tokens": 200,
        "temperature": 0,
    },
    "messages": {
        "model": "t",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 200,
        "temperature": 0,
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "generationConfig": {"maxOutputTokens": 200, "temperature": 0},
    },
    "ollama": {
        "model": "t",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "options": {"num_predict": 200, "temperature": 0},
    },
}
_PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "ollama": "/api/chat",
}


def ask(
    gateway: ServedGateway,
    wire: Wire,
    *,
    stream: bool = False,
    question: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Reply:
    """Ask as a client of the API does."""
    body = {**SAME[wire.name], **(question or {}), **more}
    if wire.name == "gemini":
        path = "/v1beta/models/t:" + (
            "streamGenerateContent?alt=sse" if stream else "generateContent"
        )
    else:
        path, body["stream"] = _PATHS[wire.name], stream
    if wire.name == "chat" and stream:
        body["stream_options"] = {"include_usage": True}
    named = {name.replace("-", "_"): value for name, value in (headers or {}).items()}
    return gateway.ask("POST", path, json.dumps(body).encode(), **named)


def read(wire: Wire, reply: Reply) -> LLMResponse:
    """Read a reply as the library reads those of the API's own servers."""
    head = HttpHead(reply.status, reply.headers)
    if reply.headers["content-type"] == "application/json":
        return fold("x:y", wire.dialect.decode(head, reply.body), wire.dialect.name)
    decoder = wire.dialect.decoder(head)
    return fold("x:y", [*decoder.feed(reply.body), *decoder.end()], wire.dialect.name)


class CachedModels:
    """The alias `t`, which keeps its answers, with one model or two."""

    def __init__(
        self, serve: Callable[..., Loopback], path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._serve = serve
        self._path = path
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        monkeypatch.setenv("LLMRING_LOG_CONTENT", "1")

    def start(
        self,
        *given: Answer,
        name: str = "openai_chat",
        policy: str = 'cache = "1h"',
        fallback: Answer | None = None,
        lockfile: str = "",
    ) -> Loopback:
        """Start the server of the model, and of a fallback if there is to be one."""
        api = APIS[name]
        server = self._server(api, *given)
        models = [api.model]
        if fallback is not None:
            models.append(FALLBACK.model)
            self._server(FALLBACK, fallback)
        self._path.write_text(
            f"{lockfile}{api.lockfile}[[profiles.default.bindings]]\n"
            f'alias = "t"\nmodels = {json.dumps(models)}\n{policy}\n'
        )
        return server

    def _server(self, api: Any, *given: Answer) -> Loopback:
        server = self._serve(*given)
        self._monkeypatch.setenv(api.url, server.url + api.path)
        self._monkeypatch.setenv(api.key, "sk-0123456789abcdef")
        return server


def at_once(count: int, call: Callable[[int], Reply]) -> list[Reply]:
    """Return the replies to calls that are made at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return [*pool.map(call, range(count))]
