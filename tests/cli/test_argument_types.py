"""Parsing of token amounts such as 200k, and of times such as 7d or 2026-11-01."""

import argparse
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.argument_types import since, tokens

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


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
def test_any_text_is_an_amount_or_rejected_cleanly(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert tokens(text) >= 0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 23, 0, 30, tzinfo=UTC)),
        ("7D", datetime(2026, 11, 16, 12, 30, tzinfo=UTC)),
        (" 2w ", datetime(2026, 11, 9, 12, 30, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01 08:00:00+02:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("2026-11-01T08:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_time_is_parsed(text: str, moment: datetime) -> None:
    assert since(text, NOW) == moment
    assert since(text, NOW).utcoffset() == timedelta()


@pytest.mark.parametrize("text", ["", "7", "d", "7y", "-7d", "999999w", "2026-13-01", "٣d", "1.5h"])
def test_a_text_that_is_not_a_time_is_rejected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time; write 7d, 12h"):
        since(text, NOW)


@given(st.datetimes(timezones=st.timezones()))
def test_any_iso_time_is_parsed(moment: datetime) -> None:
    try:
        wanted = moment.astimezone(UTC)
    except OverflowError:
        return
    assert since(moment.isoformat()) == wanted


@given(st.text())
def test_any_text_is_a_time_or_rejected_cleanly(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert since(text).tzinfo is UTC
