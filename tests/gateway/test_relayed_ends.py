"""Relayed streams that lack the mark of their end, which clients wait for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateways import QUESTIONS, gateway_of, post
from llmring.chat.events import TextDelta
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, MESSAGES, Wire
from loopback import Loopback, Pause, as_stream
from vendors import APIS, Pair, ended


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def streamed(wire: Wire) -> bytes:
    question = {**QUESTIONS[wire.name], "stream": True}

    async def go() -> bytes:
        async with ServedRing() as ring:
            request = post("/v1", json.dumps(question).encode())
            answer = await answer_chat(gateway_of(ring), wire, request)
            assert not isinstance(answer.body, bytes)
            assert answer.headers["x-llmring-relay"] != "translated"
            return b"".join([piece async for piece in answer.body])

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("wire", "name", "mark"),
    [
        (CHAT, "openai_chat", b"data: [DONE]"),
        (MESSAGES, "anthropic", b'{"type":"message_stop"}'),
    ],
    ids=["chat", "messages"],
)
@pytest.mark.parametrize("stalls", [False, True], ids=["ends", "stalls"])
def test_g082_a_stream_without_the_mark_of_its_end_gets_one(
    pair: Pair, wire: Wire, name: str, mark: bytes, stalls: bool
) -> None:
    api = APIS[name]
    pair.lock(api.model, lockfile=api.lockfile, policy="stall_timeout = 0.3")
    steps = api.answer(TextDelta("Hello"), TextDelta(" you"), *ended("stop"), stream=True).steps
    sent = b"".join(step for step in steps if isinstance(step, bytes))
    begun = sent[: sent.rindex(b"data: [DONE]" if wire is CHAT else b"event: message_stop")]
    pair.start(
        api,
        as_stream(begun, *[Pause(1)] * stalls, content_type=api.encoding.stream_type),
    )

    shown = streamed(wire)

    assert shown.count(mark) == 1
    assert shown.endswith(mark + b"\n\n")
    assert shown.count(b"Hello") == 1
