"""Entries for calls that another model answered."""

import pytest

from ledgers import entry
from llmring.ledger.entry import LoggedAttempt


@pytest.mark.parametrize(
    ("model", "tried", "expected"),
    [
        ("a:b", ["a:b"], False),
        ("a:b", ["x:y", "a:b"], True),
        ("a:b", ["a:b", "x:y", "a:b"], False),
        ("a:b", [], False),
        (None, ["x:y", "a:b"], False),
    ],
)
def test_a_call_fell_back_if_another_model_than_the_first_one_answered(
    model: str | None, tried: list[str], expected: bool
) -> None:
    story = tuple(LoggedAttempt(each, "failed") for each in tried)

    assert entry(model=model, story=story).fell_back is expected
