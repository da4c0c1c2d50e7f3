"""What the ledger keeps of a gateway's calls: who made them, and how they were answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateways import QUESTIONS, gateway_of, post
from ledgers import wait_for
from llmring.chat.events import TextDelta
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.chat.response import LLMResponse
from llmring.config.settings import ledger_place
from llmring.gateway.caller import Caller
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.endpoints.embeddings import answer_embeddings
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, WIRES, Wire
from llmring.ledger.call_origin import CallOrigin
from llmring.ledger.entry import LedgerEntry
from llmring.routing.call_wishes import CallWishes
from loopback import Loopback, as_json
from vendors import APIS, Pair, ended

CALLER = Caller(key_id="k1", key="ci", team="blue")
HEADERS = {
    "user-agent": "codex_cli/0.171.0 (Linux)",
    "x-request-id": "req-1",
    "x-llmring-session": "talk-1",
}


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def ask(
    wire: Wire, *, stream: bool, options: dict[str, Any] | None = None, **more: Any
) -> GatewayAnswer:
    """Ask as a client with a key does, and read the answer to its end."""
    question: dict[str, Any] = {**QUESTIONS[wire.name], **more}
    arguments: dict[str, Any] = {}
    if wire is GEMINI:
        arguments = {"model": "t", "stream": stream}
    else:
        question["stream"] = stream
    request = post(
        "/v1", json.dumps(question).encode(), query={"alt": "sse"}, headers=HEADERS, caller=CALLER
    )

    async def go() -> GatewayAnswer:
        async with ServedRing() as ring:
            gateway = gateway_of(ring, **(options or {}))
            answer = await answer_chat(gateway, wire, request, **arguments)
            if not isinstance(answer.body, bytes):
                async for _ in answer.body:
                    pass
            return answer

    return asyncio.run(go())


def kept() -> LedgerEntry:
    [call] = wait_for(ledger_place(), 1)
    return call


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g132_the_ledger_has_key_team_api_and_client_of_a_call(
    pair: Pair, wire: Wire, stream: bool
) -> None:
    pair.first("anthropic", TextDelta("Hello"), *ended("stop"), stream=True)

    answer = ask(wire, stream=stream)

    call = kept()
    assert (call.key, call.team, call.wire) == ("ci", "blue", wire.name)
    assert (call.client, call.session) == ("codex_cli/0.171", "talk-1")
    assert call.request_id == "req-1"
    assert call.relay == answer.headers["x-llmring-relay"]
    assert (call.cache, call.saved) == (None, None)
    assert "; ".join(call.notes) in answer.headers.get("x-llmring-notes", "")
    assert bool(call.notes) == ("x-llmring-notes" in answer.headers)


@pytest.mark.parametrize("options", [{}, {"body_model": "asked"}], ids=["own", "asked"])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g132_the_relay_in_the_ledger_is_that_of_the_header(
    pair: Pair, wire: Wire, stream: bool, options: dict[str, Any]
) -> None:
    own = {
        "chat": "openai_chat",
        "messages": "anthropic",
        "gemini": "gemini",
        "ollama": "ollama",
        "responses": "openai_responses",
    }[wire.name]
    api = APIS[own]
    pair.lock(api.model, lockfile=api.lockfile)
    pair.start(api, api.answer(TextDelta("Hello"), *ended("stop"), stream=stream))

    answer = ask(wire, stream=stream, options=options)

    assert kept().relay == answer.headers["x-llmring-relay"]


def test_g132_what_a_model_was_not_sent_is_noted(pair: Pair) -> None:
    pair.first("gemini", TextDelta("Hello"), *ended("stop"), stream=True)

    answer = ask(CHAT, stream=True, logit_bias={"50256": -100}, parallel_tool_calls=False)

    call = kept()
    assert call.notes
    assert "; ".join(call.notes) == answer.headers["x-llmring-notes"]


def test_a_call_that_no_model_answers_has_its_origin(pair: Pair) -> None:
    api = APIS["openai_chat"]
    pair.lock(api.model)
    pair.start(api, as_json({"error": {"message": "no"}}, status=401))

    with pytest.raises(Exception, match=api.model):
        ask(CHAT, stream=False)

    call = kept()
    assert (call.outcome, call.key, call.relay, call.notes) == ("failed", "ci", None, ())


def test_vectors_have_their_origin(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    api = APIS["openai_chat"]
    pair.lock("openai:text-embedding-3-small")
    server = pair.start(
        api, as_json({"data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1}})
    )
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    body = json.dumps({"model": "t", "input": "Hello"}).encode()
    request = post("/v1/embeddings", body, headers=HEADERS, caller=CALLER)

    async def go() -> None:
        async with ServedRing() as ring:
            await answer_embeddings(gateway_of(ring), CHAT, request)

    asyncio.run(go())

    call = kept()
    assert (call.kind, call.key, call.wire, call.relay) == ("embed", "ci", "chat", "translated")


def test_a_hit_of_the_cache_costs_nothing_and_shows_what_it_saved(pair: Pair) -> None:
    pair.lock(APIS["openai_chat"].model)
    origin = CallOrigin(key="ci", team="blue", wire="chat", cache="miss")
    answer = LLMResponse(
        content="Hello", model="deepseek:any", cost=Decimal("0.25"), finish_reason="stop"
    )
    request = parse_request(LLMRequest(model="t", messages="Hello"))

    ring = ServedRing()
    ring.record_hit(request, None, CallWishes(origin=origin), answer, saved=Decimal("0.25"))

    call = kept()
    assert (call.alias, call.model, call.key, call.cache) == ("t", "deepseek:any", "ci", "hit")
    assert (call.cost, call.saved, call.attempts) == (Decimal(0), Decimal("0.25"), 0)
    assert (call.outcome, call.finish_reason) == ("ok", "stop")
    ring.close().finish()
