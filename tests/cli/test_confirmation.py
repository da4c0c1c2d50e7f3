"""Answers to the questions of commands."""

import pytest

from llmring.cli.confirmation import is_yes


@pytest.mark.parametrize("answer", ["y", "Y", "yes", " YES "])
def test_y_and_yes_are_a_yes(answer: str) -> None:
    assert is_yes(answer)


@pytest.mark.parametrize("answer", ["", "n", "yess", "ok"])
def test_any_other_answer_is_a_no(answer: str) -> None:
    assert not is_yes(answer)
