"""The report on an answer: attempts, total cost and summary."""

from decimal import Decimal

import pytest

from llmring.chat.citation import Citation
from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse
from llmring.cli.answer_printer import attempt_lines, source_lines, summary_line

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


URL, OTHER = "https://example.org/a", "https://example.org/b"


def test_each_source_is_listed_once() -> None:
    cited = Citation(url=URL, title="A", start=0, end=3)
    again = Citation(url=URL, title="A", start=5, end=9)

    assert source_lines([cited, again]) == [f"[1] A: {URL}"]


def test_sources_that_the_answer_names_at_a_place_come_without_the_others() -> None:
    cited = Citation(url=URL, start=0, end=3)

    assert source_lines([cited, Citation(url=OTHER)]) == [f"[1] {URL}"]
    assert source_lines([Citation(url=OTHER)]) == [f"[1] {OTHER}"]


def test_a_source_without_an_address_is_listed_by_what_it_has() -> None:
    sources = [
        Citation(title="a.pdf", kind="file"),
        Citation(file_id="file-1", kind="file"),
        Citation(kind="document", index=2),
    ]

    assert source_lines(sources) == ["[1] a.pdf", "[2] file-1", "[3] document 2"]
