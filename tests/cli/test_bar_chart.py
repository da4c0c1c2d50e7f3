"""Bar charts in a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.bar_chart import bars

ROWS = st.lists(st.tuples(st.text("ab", max_size=9), st.floats(0, 1e12), st.just("v")), min_size=1)


def test_bars_are_in_proportion_to_the_largest() -> None:
    assert bars([("one", 4, "4"), ("two", 2, "2"), ("x", 0, "none")], 22) == [
        "one  ██████████     4",
        "two  █████          2",
        "x                none",
    ]


def test_an_encoding_without_block_characters_gets_ascii_bars(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    assert bars([("one", 4, "4"), ("two", 2, "2")], 20) == [
        "one  ###########  4",
        "two  ######       2",
    ]


def test_a_tiny_amount_still_has_a_visible_bar() -> None:
    assert "▏" in bars([("large", 1e9, ""), ("small", 1, "")], 40)[1]


@given(ROWS, st.integers(30, 200))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, float, str]], width: int) -> None:
    assert all(len(line) < width for line in bars(rows, width))
