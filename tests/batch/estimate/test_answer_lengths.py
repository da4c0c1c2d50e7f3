from datetime import UTC, datetime

from llmring.batch.estimate.answer_lengths import answer_lengths
from llmring.chat.events import Usage
from llmring.ledger.entry import LedgerEntry


def calls(*answers: int) -> list[LedgerEntry]:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return [
        LedgerEntry(
            id=str(each),
            at=at,
            kind="chat",
            profile="default",
            ms=1,
            usage=Usage(prompt_tokens=5, completion_tokens=each),
        )
        for each in answers
    ]


def test_b13_the_given_length_comes_first() -> None:
    found = answer_lengths(120, calls(*range(1, 50)), None)

    assert (found.low, found.expected, found.basis) == (60, 120, "as given")


def test_b13_earlier_calls_of_the_alias_come_second() -> None:
    found = answer_lengths(None, calls(*range(10, 110, 10)), 400)

    assert (found.low, found.expected) == (20, 55)
    assert "last 10 calls" in found.basis


def test_b13_a_few_earlier_calls_say_nothing() -> None:
    assert answer_lengths(None, calls(1, 2, 3), 400).expected == 400


def test_b13_no_answer_is_expected_to_be_longer_than_its_limit() -> None:
    assert answer_lengths(900, [], 300).expected == 300
    assert answer_lengths(None, calls(*[800] * 20), 300).expected == 300


def test_b13_without_a_limit_a_usual_answer_is_expected() -> None:
    found = answer_lengths(None, [], None)

    assert found.low == 1
    assert found.expected == 1000
