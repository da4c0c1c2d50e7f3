"""Values of rate headers: numbers, durations and points in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.rates.header_values import number_in, reset_in, until, wait_in
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"date": "Mon, 23 Nov 2026 12:00:00 GMT"})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("0.7", 0.7),
        ("33011.38", 33011.38),
        ("2026-11-23T12:00:12Z", 12.0),
        ("2026-11-23T13:00:12+01:00", 12.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("1795435230", 30.0),
        ("1795435230000", 30.0),
        ("2020-01-01T00:00:00Z", 0.0),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("6m0s later", None),
        ("٣s", None),
    ],
)
def test_the_reset_of_a_limit_is_read_to_seconds(value: str, seconds: float | None) -> None:
    assert reset_in(HEAD, value) == (None if seconds is None else pytest.approx(seconds))


def test_a_moment_can_t_be_compared_without_the_date_of_the_reply() -> None:
    bare = HttpHead(200, {})

    assert until(bare, "2026-11-23T12:00:12Z") is None
    assert reset_in(bare, "1795435230") is None
    assert wait_in(bare, "3s") == 3.0


def test_a_number_is_plain_and_finite() -> None:
    assert [number_in(each) for each in ("7", " 7.5 ", "1e5", "nan", "9" * 400, None)] == [
        7.0,
        7.5,
        None,
        None,
        None,
        None,
    ]


@given(st.text(max_size=40))
def test_any_text_is_read_or_ignored(value: str) -> None:
    for found in (reset_in(HEAD, value), until(HEAD, value), number_in(value)):
        assert found is None or 0 <= found < float("inf")
