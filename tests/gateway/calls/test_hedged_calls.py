"""Hedged calls of clients: a slow model, and the next one asked while it works."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from ledgers import wait_for
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback, Pause, as_stream
from rings import TODAY
from served_gateway import CHAT, Reply, ServedGateway

FIRST, SECOND = "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"
LOCKFILE = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"]
hedge_after = 0.1

[[profiles.default.bindings]]
alias = "alone"
models = ["anthropic:claude-sonnet-4-5"]
"""
SLOW = Answer([Pause(30), b"late"])
BODY = {"messages": [{"role": "user", "content": "Hello"}], "model": "fast"}

Serve = Callable[..., Loopback]


class Hedged:
    """A gateway with two vendors, and its ledger."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        self.first, self.second = serve(), serve()
        (folder / "llmring.lock").write_text(LOCKFILE)
        self.ledger = folder / "state" / "llmring" / "ledger.sqlite"
        self.gateway = ServedGateway(
            ring=ServedRing(
                environ={
                    "LLMRING_LOCKFILE_PATH": str(folder / "llmring.lock"),
                    "LLMRING_TODAY": TODAY,
                    "LLMRING_RETRIES": "0",
                    "XDG_STATE_HOME": str(folder / "state"),
                    "OPENAI_BASE_URL": f"{self.first.url}/v1",
                    "OPENAI_API_KEY": "sk-first-0123456789abcdef",
                    "ANTHROPIC_BASE_URL": self.second.url,
                    "ANTHROPIC_API_KEY": "sk-ant-second-0123456789",
                }
            )
        )

    def ask(self, first: Answer, second: Answer, **more: Any) -> Reply:
        self.first.answers, self.second.answers = [first], [second]
        return self.gateway.ask("POST", CHAT, {**BODY, **more})


@pytest.fixture
def hedged(serve: Serve, tmp_path: Path) -> Any:
    found = Hedged(serve, tmp_path)
    with found.gateway:
        yield found


def test_g089_a_client_sees_one_answer_and_the_other_model_is_let_go(hedged: Hedged) -> None:
    reply = hedged.ask(SLOW, answers.anthropic_stream("Once ", "upon"), stream=True)

    chunks = [json.loads(line[6:]) for line in reply.body.split(b"\n\n") if line[6:7] == b"{"]
    shown = [part["delta"].get("content") or "" for each in chunks for part in each["choices"]]
    assert "".join(shown) == "Once upon"
    assert len({each["id"] for each in chunks}) == 1
    assert reply.headers["x-llmring-model"] == SECOND
    [call] = wait_for(hedged.ledger, 1)
    assert [each.outcome for each in call.story] == ["dropped", "ok"]
    assert len(hedged.first.requests) == len(hedged.second.requests) == 1
    assert hedged.first.left_alone()


def test_g089_the_cost_is_that_of_both(hedged: Hedged) -> None:
    both = hedged.ask(SLOW, answers.anthropic_stream("Hi"))
    alone = hedged.ask(SLOW, answers.anthropic("Hi"), model="alone")

    costs = [Decimal(each.headers["x-llmring-cost"]) for each in (both, alone)]
    assert costs[0] > costs[1] > 0
    assert f"an estimate for cancelled attempts: {FIRST}" in both.headers["x-llmring-notes"]
    assert both.json["usage"]["total_tokens"] == alone.json["usage"]["total_tokens"]
    kept = {each.alias: each for each in wait_for(hedged.ledger, 2)}
    assert {name: kept[name].cost for name in ("fast", "alone")} == dict(
        zip(("fast", "alone"), costs, strict=True)
    )
    assert [each.outcome for each in kept["fast"].story] == ["dropped", "ok"]


def test_g089_a_client_that_leaves_ends_both(hedged: Hedged) -> None:
    hedged.first.answers = [SLOW]
    hedged.second.answers = [as_stream(Pause(30), b"late")]
    body = json.dumps({**BODY, "stream": True}).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"

    with hedged.gateway.connect() as opened:
        opened.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert hedged.first.received()
        assert hedged.second.received()

    assert hedged.first.left_alone()
    assert hedged.second.left_alone()
