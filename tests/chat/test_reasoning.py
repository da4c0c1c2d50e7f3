"""The amount of reasoning, in tokens and as an effort."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import Reasoning, ValidationError
from llmring.chat.reasoning import EFFORTS, Effort, parse_reasoning


def test_without_either_field_the_choice_is_left_to_the_model() -> None:
    assert parse_reasoning(None, None) is None


def test_both_fields_at_once_are_refused() -> None:
    with pytest.raises(ValidationError, match="set only one"):
        parse_reasoning(1024, "low")


def test_an_unknown_effort_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="'extreme'; use one of none, minimal, low"):
        parse_reasoning(None, "extreme")


def test_tokens_below_zero_turn_reasoning_off() -> None:
    assert parse_reasoning(-5, None) == Reasoning(tokens=0)


@pytest.mark.parametrize(
    ("reasoning", "off"),
    [
        (Reasoning(tokens=0), True),
        (Reasoning(effort="none"), True),
        (Reasoning(tokens=1), False),
        (Reasoning(effort="minimal"), False),
        (Reasoning(), False),
    ],
)
def test_zero_tokens_and_effort_none_turn_reasoning_off(reasoning: Reasoning, off: bool) -> None:
    assert reasoning.is_off is off


@pytest.mark.parametrize(
    ("tokens", "effort"),
    [(0, "none"), (1, "low"), (1024, "low"), (1025, "medium"), (8192, "medium"), (8193, "high")],
)
def test_the_effort_is_the_lowest_that_allows_as_many_tokens(tokens: int, effort: Effort) -> None:
    assert Reasoning(tokens=tokens).as_effort == effort


def test_a_higher_effort_is_worth_more_tokens() -> None:
    tokens = [Reasoning(effort=effort).as_tokens for effort in EFFORTS]

    assert tokens == sorted(set(tokens))
    assert tokens[0] == 0


@given(st.integers(0, 10**6))
def test_an_amount_in_tokens_stays_exact_as_tokens(tokens: int) -> None:
    parsed = parse_reasoning(tokens, None)

    assert parsed is not None
    assert parsed.as_tokens == tokens


@given(st.sampled_from(EFFORTS))
def test_an_effort_stays_what_it_is(effort: Effort) -> None:
    parsed = parse_reasoning(None, effort)

    assert parsed is not None
    assert parsed.as_effort == effort
