"""Parsing of times such as 7d or 2026-11-01."""

import argparse
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.argument_types import since

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


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
def test_any_text_is_parsed_or_rejected_cleanly(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert since(text).tzinfo is UTC
