"""The cost of a conversation, with what is unknown of it."""

import asyncio
from decimal import Decimal

import pytest

from llmring import Attempt, LLMResponse
from llmring.advisor.usage_meter import Spending
from llmring.exceptions import ProviderError, SchemaValidationError


def answer(cost: str | None, reason: str | None = None) -> LLMResponse:
    amount = None if cost is None else Decimal(cost)
    return LLMResponse(content="Hi", model="mock:a", cost=amount, cost_reason=reason)


def test_a_conversation_without_calls_cost_nothing() -> None:
    spending = Spending()

    assert (spending.total, str(spending)) == (Decimal(0), "nothing")
    assert spending.unknown is None


def test_the_costs_of_answers_are_added_up() -> None:
    spending = Spending()
    spending.of_answer(answer("0.25"))
    spending.of_answer(answer("0.5"))

    assert (spending.total, str(spending)) == (Decimal("0.75"), "$0.75")


def test_an_unknown_cost_makes_the_total_unknown_and_each_reason_is_given_once() -> None:
    spending = Spending()
    spending.of_answer(answer(None, "no price"))
    spending.of_answer(answer(None, "no price"))
    assert (spending.total, str(spending)) == (None, "unknown (no price)")

    spending.of_answer(answer("0.25"))
    spending.of_answer(answer(None))

    assert spending.total is None
    assert str(spending) == "$0.25 and more (no price; an answer without a cost)"


def test_a_failed_call_costs_what_its_attempts_cost() -> None:
    spending = Spending()
    error = ProviderError("all failed")
    error.attempts = (
        Attempt(model="mock:a", outcome="failed", cost=Decimal("0.25")),
        Attempt(model="mock:b", outcome="failed", cost_reason="not reported"),
        Attempt(model="mock:c", outcome="skipped"),
    )
    with pytest.raises(ProviderError), spending.of_call():
        raise error

    assert str(spending) == "$0.25 and more (not reported)"


def test_an_answer_that_does_not_match_its_schema_costs_the_same() -> None:
    spending = Spending()
    with pytest.raises(SchemaValidationError), spending.of_call():
        raise SchemaValidationError("no match", response=answer("0.25"))

    assert spending.total == Decimal("0.25")


def test_a_call_that_is_interrupted_has_an_unknown_cost() -> None:
    spending = Spending()
    with pytest.raises(asyncio.CancelledError), spending.of_call():
        raise asyncio.CancelledError

    assert (spending.total, spending.unknown) == (None, "an answer was stopped")
