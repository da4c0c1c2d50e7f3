"""The cost of answers that were not waited for."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from llmring.chat.events import Usage
from llmring.limits.broken_off import cost_so_far
from llmring.routing.estimate import TokenEstimate
from priced import target

DAY = date(2026, 11, 23)
# A dollar, with a dollar for a million tokens.
ESTIMATE = TokenEstimate(prompt=200_000, answer=800_000)


def attempt(usage: Usage | None, *, priced: bool = True, reasons: bool = False) -> Any:
    found = target("a", "1" if priced else None)
    if reasons and found.facts is not None:
        facts = msgspec.structs.replace(found.facts, capabilities=frozenset({"reasoning"}))
        found = msgspec.structs.replace(found, facts=facts)
    return SimpleNamespace(target=found, usage=usage, cost=None)


@pytest.mark.parametrize(
    ("usage", "shown", "cost"),
    [
        (None, 300_000, "0.3"),
        (Usage(prompt_tokens=100_000, completion_tokens=1), 300_000, "0.2"),
        (Usage(prompt_tokens=100_000, completion_tokens=500_000), 3, "0.6"),
    ],
    ids=["text alone", "usage at the beginning", "usage so far"],
)
def test_g113_an_answer_that_is_broken_off_costs_what_came_of_it(
    usage: Usage | None, shown: int, cost: str
) -> None:
    assert cost_so_far(attempt(usage), ESTIMATE, "x" * shown, DAY) == Decimal(cost)


def test_g113_what_a_model_may_have_thought_costs_as_estimated() -> None:
    usage = Usage(prompt_tokens=100_000, completion_tokens=1)

    assert cost_so_far(attempt(usage, reasons=True), ESTIMATE, "x", DAY) == 1


def test_g113_several_answers_cost_as_estimated() -> None:
    several = msgspec.structs.replace(ESTIMATE, answers=2)

    assert cost_so_far(attempt(None), several, "x", DAY) == Decimal("1.8")


@pytest.mark.parametrize("priced", [True, False])
def test_g113_the_estimate_stands_if_nothing_is_known(priced: bool) -> None:
    assert cost_so_far(attempt(None, priced=priced), ESTIMATE, "" if priced else "x", DAY) is None
