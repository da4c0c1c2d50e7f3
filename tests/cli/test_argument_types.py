"""Parsing of token amounts such as 200k."""

import argparse
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.argument_types import tokens


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("200", 200),
        ("200k", 200_000),
        ("1M", 1_000_000),
        ("1.5m", 1_500_000),
        ("1_000", 1000),
        ("1_000K", 1_000_000),
        ("0.3k", 300),
        ("2g", 2_000_000_000),
        ("1.000", 1),
        (" 7 ", 7),
    ],
)
def test_an_amount_of_tokens_is_parsed(text: str, amount: int) -> None:
    assert tokens(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k",
        "-1",
        "+1",
        "1e6",
        "1,000",
        "_1",
        "1_",
        "1__0",
        "1.",
        ".5k",
        "1 k",
        "1kk",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "NaN",
    ],
)
def test_a_text_that_is_not_an_amount_is_rejected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number of tokens"):
        tokens(text)


@pytest.mark.parametrize("text", ["1.5", "0.0001k", "1.0000001M"])
def test_a_fraction_of_a_token_is_rejected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a whole number"):
        tokens(text)


@pytest.mark.parametrize("text", ["1000001g", "9" * 30])
def test_an_absurdly_large_amount_is_rejected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is more than"):
        tokens(text)


@given(st.integers(0, 10**15))
def test_a_number_is_parsed_with_and_without_underscores(number: int) -> None:
    assert tokens(str(number)) == tokens(f"{number:_}") == number


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_rejected_cleanly(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert tokens(text) >= 0
