"""Calls of a gateway's clients that count for a key, whatever their API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import answers
from gateways import QUESTIONS, gateway_of, post
from llmring import BudgetExceededError, LimitExceededError
from llmring.clock import SYSTEM
from llmring.gateway.caller import Caller
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.endpoints.embeddings import answer_embeddings
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, WIRES, Wire
from llmring.limits.counts import label_of
from llmring.routing.account import Account, Budget
from loopback import Answer, Loopback, Pause, as_json, as_stream

Serve = Callable[..., Loopback]
Start = Callable[..., ServedRing]

PLAIN = ("model", "messages", "input", "contents", "max_tokens", "store")
LOCK = """
[[profiles.default.bindings]]
alias = "t"
models = ["MODEL"]

[[profiles.default.bindings]]
alias = "v"
models = ["openai:text-embedding-3-small"]
"""


@pytest.fixture
def start(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that makes a ring whose models give an answer."""

    def make(answer: Answer, model: str = "openai:gpt-4o-mini") -> ServedRing:
        server = serve(answer)
        (tmp_path / "llmring.lock").write_text(LOCK.replace("MODEL", model))
        for name in ("OPENAI", "DEEPINFRA"):
            monkeypatch.setenv(f"{name}_BASE_URL", f"{server.url}/v1")
            monkeypatch.setenv(f"{name}_API_KEY", "sk-0123456789abcdef")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        return ServedRing(tmp_path / "llmring.lock")

    return make


def key(**limits: Any) -> Account:
    return Account(key="key:1", name="key 'web'", waits=False, **limits)


def budget(usd: str) -> tuple[Budget, ...]:
    return (Budget("day", Decimal(usd)),)


def asked_by(account: Account, path: str, question: dict[str, Any]) -> GatewayRequest:
    caller = Caller(key_id="1", key="web", accounts=(account,))
    return post(path, json.dumps(question).encode(), caller=caller)


async def chat(
    ring: ServedRing, wire: Wire, account: Account, *, stream: bool = False, **table: Any
) -> GatewayAnswer:
    question = {name: each for name, each in QUESTIONS[wire.name].items() if name in PLAIN}
    arguments: dict[str, Any] = {}
    if wire is GEMINI:
        arguments = {"model": "t", "stream": stream}
    else:
        question["stream"] = stream
    request = asked_by(account, "/v1", question)
    return await answer_chat(gateway_of(ring, **table), wire, request, **arguments)


async def embed(ring: ServedRing, account: Account) -> GatewayAnswer:
    question = {"model": "v", "input": ["one"]}
    return await answer_embeddings(
        gateway_of(ring), CHAT, asked_by(account, "/v1/embeddings", question)
    )


async def spent(ring: ServedRing) -> int:
    return await ring._leases.spent("key:1", label_of("day", SYSTEM.now().date()))


def vectors() -> Answer:
    usage = {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000}
    return as_json({"data": [{"index": 0, "embedding": [1.0]}], "usage": usage})


def test_g112_chats_of_all_apis_count_for_one_key(start: Start) -> None:
    async def play() -> None:
        async with start(answers.openai_stream("Hi"), "deepinfra:some-model") as ring:
            limited = key(rpm=len(WIRES))
            for wire in WIRES:
                answer = await chat(ring, wire, limited, stream=True)
                if not isinstance(answer.body, bytes):
                    assert b"".join([piece async for piece in answer.body])
            for wire in WIRES:
                with pytest.raises(LimitExceededError, match="key 'web'"):
                    await chat(ring, wire, limited)

    asyncio.run(play())


def test_g112_embeddings_count_for_the_key_and_cost_what_they_cost(start: Start) -> None:
    async def play() -> int:
        async with start(vectors()) as ring:
            account = key(budgets=budget("0.02"))
            assert (await embed(ring, account)).status == 200
            with pytest.raises(BudgetExceededError, match="key 'web'"):
                await embed(ring, account)
            return await spent(ring)

    # A million tokens of the model cost two cents.
    assert asyncio.run(play()) == 20_000_000


def test_g113_a_stream_that_its_client_leaves_is_not_free(start: Start) -> None:
    async def play() -> int:
        steps = answers.openai_stream("word " * 200, "more").steps
        async with start(as_stream(*steps[:3], Pause(30), *steps[3:])) as ring:
            reply = await chat(ring, CHAT, key(budgets=budget("1")), stream=True)
            assert not isinstance(reply.body, bytes)
            pieces = reply.body.__aiter__()
            await anext(pieces)
            await pieces.aclose()  # type: ignore[attr-defined]
            return await spent(ring)

    # A thousand characters are some 300 tokens, at sixty cents for a million.
    assert 150_000 < asyncio.run(play()) < 400_000


def test_g114_a_stream_goes_on_though_its_budget_is_used_up_and_the_next_call_is_refused(
    start: Start,
) -> None:
    async def play() -> bytes:
        steps = answers.openai_stream("a", "b", "c").steps
        async with start(as_stream(*steps[:3], Pause(1), *steps[3:])) as ring:
            # The estimate of a call is some 0.0006 USD.
            account = key(budgets=budget("0.0007"))
            reply = await chat(ring, CHAT, account, stream=True)
            assert not isinstance(reply.body, bytes)
            pieces = reply.body.__aiter__()
            first = await anext(pieces)
            with pytest.raises(BudgetExceededError):
                await chat(ring, CHAT, account, stream=True)
            return first + b"".join([piece async for piece in pieces])

    assert b"[DONE]" in asyncio.run(play())


def test_g129_a_strict_gateway_refuses_calls_with_limits_that_it_can_t_count(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_REDIS_URL", "redis://127.0.0.1:1")

    async def play() -> None:
        async with start(answers.openai()) as ring:
            for _ in range(2):
                with pytest.raises(LimitExceededError, match="when_blind"):
                    await chat(ring, CHAT, key(rpm=100), when_blind="refuse")
            await chat(ring, CHAT, key(rpm=100))
            await chat(ring, CHAT, msgspec.structs.replace(key(), rpm=None), when_blind="refuse")

    asyncio.run(play())
