"""The cost of a conversation, with what is unknown of it."""

import asyncio
from decimal import Decimal

import pytest

from llmring import Attempt, LLMResponse
from llmring.advisor.usage_meter import UsageMeter
from llmring.exceptions import ProviderError, SchemaValidationError


def answer(cost: str | None, reason: str | None = None) -> LLMResponse:
    amount = None if cost is None else Decimal(cost)
    return LLMResponse(content="Hi", model="mock:a", cost=amount, cost_reason=reason)


def test_a_conversation_without_calls_cost_nothing() -> None:
    meter = UsageMeter()

    assert (meter.total, str(meter)) == (Decimal(0), "nothing")
    assert meter.unknown is None


def test_the_costs_of_answers_are_added_up() -> None:
    meter = UsageMeter()
    meter.of_answer(answer("0.25"))
    meter.of_answer(answer("0.5"))

    assert (meter.total, str(meter)) == (Decimal("0.75"), "$0.75")


def test_an_unknown_cost_makes_the_total_unknown_and_each_reason_is_given_once() -> None:
    meter = UsageMeter()
    meter.of_answer(answer(None, "no price"))
    meter.of_answer(answer(None, "no price"))
    assert (meter.total, str(meter)) == (None, "unknown (no price)")

    meter.of_answer(answer("0.25"))
    meter.of_answer(answer(None))

    assert meter.total is None
    assert str(meter) == "$0.25 and more (no price; an answer without a cost)"


def test_a_failed_call_costs_what_its_attempts_cost() -> None:
    meter = UsageMeter()
    error = ProviderError("all failed")
    error.attempts = (
        Attempt(model="mock:a", outcome="failed", cost=Decimal("0.25")),
        Attempt(model="mock:b", outcome="failed", cost_reason="not reported"),
        Attempt(model="mock:c", outcome="skipped"),
    )
    with pytest.raises(ProviderError), meter.of_call():
        raise error

    assert str(meter) == "$0.25 and more (not reported)"


def test_an_answer_that_does_not_match_its_schema_costs_the_same() -> None:
    meter = UsageMeter()
    with pytest.raises(SchemaValidationError), meter.of_call():
        raise SchemaValidationError("no match", response=answer("0.25"))

    assert meter.total == Decimal("0.25")


def test_a_call_that_is_interrupted_has_an_unknown_cost() -> None:
    meter = UsageMeter()
    with pytest.raises(asyncio.CancelledError), meter.of_call():
        raise asyncio.CancelledError

    assert (meter.total, meter.unknown) == (None, "an answer was stopped")
