"""What is told of an answer."""

from decimal import Decimal

import pytest

from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse
from llmring.cli.answer import account, journey

BROKEN = Attempt(model="a:one", outcome="dropped", cost_reason="may be charged for")
ANSWERED = Attempt(model="b:two", outcome="ok", usage=Usage(), cost=Decimal("0.5"))


def answered(**fields: object) -> LLMResponse:
    return LLMResponse(**{"content": "Hi", "model": "b:two", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (ANSWERED, "$0.50"),
        (BROKEN, "cost unknown (may be charged for)"),
        (Attempt(model="a:one", outcome="failed", status=429), "no cost"),
        (
            Attempt(
                model="a:one", outcome="ok", cost=Decimal(1), cost_reason="at the usual prices"
            ),
            "$1.00 (at the usual prices)",
        ),
    ],
)
def test_each_attempt_is_told_with_its_cost(attempt: Attempt, said: str) -> None:
    (line,) = journey([attempt])

    assert line.endswith(said)


def test_the_cost_of_all_is_told_where_it_is_another() -> None:
    reason = "with an estimate for what was broken off: a:one"

    lines = journey([BROKEN, ANSWERED], answered(cost=Decimal("0.75"), cost_reason=reason))

    assert lines[2:] == [f"in all: $0.75 ({reason})"]


def test_the_cost_of_the_only_attempt_is_told_once() -> None:
    assert len(journey([ANSWERED], answered(cost=Decimal("0.5")))) == 1


def test_an_account_tells_what_of_the_cost_is_not_exact() -> None:
    end = answered(cost=Decimal("0.5"), cost_reason="at the usual prices", attempts=(ANSWERED,))

    assert account(end) == "b:two: ? tokens, 0.0 ms, $0.50 (at the usual prices)"
