"""The explanation of a call that is not made."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cli.terminal import write
from gateways import gateway_of, get
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.refusals import ForbiddenError, UnknownModelError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.ui_api.explained_call import answer_explain

LOCKFILE = """
[[profiles.default.bindings]]
alias = "fast"
models = ["anthropic:first", "openai:second", "groq:third"]
needs = ["tools"]
daily_budget = 5

[[profiles.dev.bindings]]
alias = "fast"
models = ["mock:echo"]

[registry.models."anthropic:first"]
capabilities = ["tools"]
context_window = 8000
max_output = 1000
prices = { input = 3, output = 15 }

[registry.models."openai:second"]
capabilities = []
"""
KEYS = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY"), "sk-0123456789abcdef")


def explained(*, is_open: bool = True, header: str | None = None, **query: str) -> dict[str, Any]:
    write(LOCKFILE)
    headers = {} if header is None else {"x-llmring-profile": header}
    request = get("/ui/api/explain", query=query, headers=headers)

    async def ask() -> bytes:
        async with ServedRing(environ=KEYS, timeout=600) as ring:
            answer = await answer_explain(gateway_of(ring, is_open=is_open), request)
            assert isinstance(answer.body, bytes)
            return answer.body

    found: dict[str, Any] = msgspec.json.decode(asyncio.run(ask()))
    return found


def test_g024_the_models_of_a_call_are_shown_in_order_with_the_reason_of_those_skipped() -> None:
    shown = explained(model="fast")

    steps = {step["model"]: step for step in shown["steps"]}
    assert [*steps] == ["anthropic:first", "openai:second", "groq:third"]
    assert [step["turn"] for step in steps.values()] == [1, None, None]
    assert "tools" in steps["openai:second"]["reason"]
    assert "GROQ_API_KEY" in steps["groq:third"]["reason"]


def test_g024_prices_and_limits_of_a_call_are_shown() -> None:
    shown = explained(model="fast", tokens="1000000", max_tokens="1000")

    [first, *_] = shown["steps"]
    costs = (first["rates"]["input"], first["prompt_cost"], first["cost"])
    assert [Decimal(each) for each in costs] == [3, 3, Decimal("3.015")]
    policy = shown["policy"]
    assert (policy["daily_budget"], policy["timeout"], policy["strategy"]) == (5, 600, "ordered")
    assert "faults" not in policy


def test_g024_it_is_shown_whether_the_client_s_bytes_are_passed_on() -> None:
    assert explained(model="fast", wire="messages")["steps"][0]["relay"] == "verbatim"
    assert explained(model="fast")["steps"][0]["relay"] == "translated"


def test_g024_the_profile_is_the_one_that_the_request_names() -> None:
    shown = explained(model="fast", header="dev")

    assert (shown["profile"], shown["alias"]) == ("dev", "fast")
    assert [step["model"] for step in shown["steps"]] == ["mock:echo"]


def test_g024_nothing_is_explained_to_others_than_this_machine() -> None:
    with pytest.raises(ForbiddenError):
        explained(model="fast", is_open=False)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "model"),
        ({"model": "fast", "wire": "soap"}, "wire"),
        ({"model": "fast", "tokens": "0"}, "tokens"),
        ({"model": "fast", "tokens": "1e3"}, "tokens"),
        ({"model": "fast", "max_tokens": "9" * 30}, "max_tokens"),
    ],
)
def test_a_question_that_can_t_be_answered_is_refused(query: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        explained(**query)

    assert caught.value.field == field


def test_a_model_that_does_not_exist_is_not_explained() -> None:
    with pytest.raises(UnknownModelError):
        explained(model="fats")
