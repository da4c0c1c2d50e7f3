"""The ring of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.gateway.served_ring import ServedRing
from loopback import Loopback


def test_a_server_s_ring_streams_events_and_knows_its_endpoints(
    serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers.openai_stream("hel", "lo"))
    path = tmp_path / "llmring.lock"
    path.write_text(
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-4o-mini"]\n'
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")

    async def ask() -> tuple[str, str]:
        async with ServedRing(path) as ring:
            request = parse_request(LLMRequest(model="fast", messages="Hi"))
            text = "".join([chunk.delta async for chunk in ring.stream_events(request, None)])
            return text, ring.endpoints["openai"].base_url

    assert asyncio.run(ask()) == ("hello", f"{server.url}/v1")
