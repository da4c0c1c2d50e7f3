"""The report on an answer: attempts, total cost and summary."""

from decimal import Decimal

import pytest

from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse
from llmring.cli.answer_printer import attempt_lines, summary_line

BROKEN = Attempt(model="a:one", outcome="dropped", cost_reason="may be charged for")
ANSWERED = Attempt(model="b:two", outcome="ok", usage=Usage(), cost=Decimal("0.5"))


def answered(**fields: object) -> LLMResponse:
    return LLMResponse(**{"content": "Hi", "model": "b:two", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempt", "message"),
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
def test_each_attempt_is_shown_with_its_cost(attempt: Attempt, message: str) -> None:
    (line,) = attempt_lines([attempt])

    assert line.endswith(message)


def test_the_total_is_shown_if_it_differs_from_the_last_attempt() -> None:
    reason = "with an estimate for cancelled attempts: a:one"

    lines = attempt_lines([BROKEN, ANSWERED], answered(cost=Decimal("0.75"), cost_reason=reason))

    assert lines[2:] == [f"total: $0.75 ({reason})"]


def test_the_cost_of_a_single_attempt_is_shown_once() -> None:
    assert len(attempt_lines([ANSWERED], answered(cost=Decimal("0.5")))) == 1


def test_the_summary_marks_an_estimated_cost() -> None:
    end = answered(cost=Decimal("0.5"), cost_reason="at the usual prices", attempts=(ANSWERED,))

    assert summary_line(end) == "b:two: ? tokens, 0.0 ms, $0.50 (at the usual prices)"
