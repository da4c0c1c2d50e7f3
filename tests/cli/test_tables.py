import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.colour import Styled
from llmring.cli.tables import Cuts, print_table, shortened, table


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(rows: Sequence[Sequence[str | Styled]], width: int = 40, **options: Any) -> list[str]:
    """Return the lines of a table on a terminal of this width."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(Screen()) as screen:
        patch.setenv("COLUMNS", str(width))
        print_table(rows, **options)
    return screen.getvalue().splitlines()


@pytest.fixture(autouse=True)
def colourless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


CELLS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=60)

ROWS = [
    ("fast", "openai:gpt-6-luna, anthropic:claude-haiku-5-5", "7"),
    ("slow", "openai:gpt-6-sol", "1,000"),
]


def test_the_columns_of_a_table_are_aligned() -> None:
    assert table([("a", "bb", "c"), ("aaa", "b", "")]) == ["a    bb  c", "aaa  b"]


def test_a_pipe_gets_every_letter_and_no_new_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(ROWS, head=("alias", "models", "calls"), numbers={2})

    assert capsys.readouterr().out.splitlines() == [
        "fast  openai:gpt-6-luna, anthropic:claude-haiku-5-5  7",
        "slow  openai:gpt-6-sol                               1,000",
    ]


def test_a_pipe_gets_the_headings_that_are_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("a", "1")], head=("name", "calls"), head_in_pipes=True, numbers={1})

    assert capsys.readouterr().out.splitlines() == ["name  calls", "a         1"]


def test_a_terminal_gets_headings_and_a_row_per_line() -> None:
    head = ("alias", "models", "calls")

    assert shown(ROWS, head=head, numbers={2}, indent="  ") == [
        "  alias  models                    calls",
        "  fast   openai:gpt-6-luna, anth…      7",
        "  slow   openai:gpt-6-sol          1,000",
    ]


def test_a_table_with_room_is_not_cut() -> None:
    assert "claude-haiku-5-5" in shown(ROWS, 120)[0]


def test_a_column_of_nothing_is_left_out_on_a_terminal() -> None:
    lines = shown([("a", "", "1")], head=("name", "tags", "calls"), numbers={2})

    assert lines == ["name  calls", "a         1"]


def test_the_names_of_rows_are_cut_last() -> None:
    row = ("openai:gpt-6-luna", "x" * 40)

    assert shown([row]) == ["openai:gpt-6-luna  " + "x" * 20 + "…"]


def test_lines_below_a_row_go_on_below() -> None:
    remark = "  skipped: " + "x" * 30

    assert shown([("a", "b"), ("c", "d")], below=[[remark], []]) == [
        "a  b",
        "  skipped:",
        "  " + "x" * 30,
        "c  d",
    ]


def test_names_are_cut_in_their_middle() -> None:
    rows = [("anthropic:claude-sonnet-5-5", "1"), ("anthropic:claude-haiku-5-5", "2")]

    assert shown(rows, 20, numbers={1}, head=("model", "calls")) == [
        "model          calls",
        "anth…nnet-5-5      1",
        "anth…aiku-5-5      2",
    ]


def test_numbers_are_whole_as_long_as_something_else_can_be_cut() -> None:
    row = ("a-name-that-is-long", "12,345,678", "90,123")

    lines = shown([row], 29, numbers={1, 2}, head=("name", "in", "out"))

    assert lines[1] == "a-…s-long  12,345,678  90,123"


def test_a_column_that_is_kept_is_not_cut() -> None:
    row = ("a-name-that-is-long", "2026-12-31 01:39 UTC", "x" * 30)

    assert shown([row], cuts=Cuts(kept={1})) == ["a-…-long  2026-12-31 01:39 UTC  xxxxxxx…"]


def test_a_column_that_can_be_left_out_is_shown_if_there_is_room_for_most_of_it() -> None:
    rows = [("name", "x" * 30, "1")]
    cuts = Cuts(optional={1})

    assert shown(rows, 34, head=("name", "can", "calls"), cuts=cuts) == ["name  calls", "name  1"]
    assert "x" * 20 in shown(rows, 37, head=("name", "can", "calls"), cuts=cuts)[1]


def test_the_cells_of_a_whole_table_go_on_below_between_words() -> None:
    rows = [("google", "no key; set GOOGLE_API_KEY", "https://google"), ("mock", "none", "-")]

    assert shown(rows, whole=True) == [
        "google  no key; set       https://google",
        "        GOOGLE_API_KEY",
        "mock    none              -",
    ]


def test_a_word_is_divided_at_a_joint_if_it_must_be() -> None:
    assert shown([("a-long-name", "google:gemini-flash-lite")], 30, whole=True) == [
        "a-long-name  google:gemini-",
        "             flash-lite",
    ]


@given(
    rows=st.integers(1, 4).flatmap(
        lambda count: st.lists(st.tuples(*[CELLS] * count), min_size=1, max_size=4)
    ),
    width=st.integers(20, 130),
)
def test_a_whole_table_fits_and_has_every_letter(rows: list[tuple[str, ...]], width: int) -> None:
    lines = shown(rows, width, whole=True)

    assert max(map(len, lines)) <= width
    assert sorted("".join(lines).replace(" ", "")) == sorted(
        "".join(map("".join, rows)).replace(" ", "")
    )


def test_a_style_does_not_widen_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")

    lines = shown([(Styled("fail", "error"), "b"), ("ok", "d")])

    assert lines == ["\x1b[31mfail\x1b[0m  b", "ok    d"]


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a bcd", 3, "a…"), ("世界人", 5, "世界…")],
)
def test_a_text_is_cut_with_an_ellipsis(text: str, width: int, cut: str) -> None:
    assert shortened(text, width) == cut


@given(
    rows=st.integers(1, 6).flatmap(
        lambda count: st.lists(st.tuples(*[CELLS] * count), min_size=1, max_size=5)
    ),
    width=st.integers(20, 130),
    numbers=st.frozensets(st.integers(0, 5)),
)
def test_no_row_is_wider_than_the_terminal(
    rows: list[tuple[str, ...]], width: int, numbers: frozenset[int]
) -> None:
    lines = shown(rows, width, numbers=numbers)

    assert len(lines) == len(rows)
    assert max(map(len, lines)) <= width


def test_a_very_long_name_is_cut_along_with_the_texts() -> None:
    [line] = shown([("n" * 60, "x" * 40)], 80)

    name, text = line.split("  ")
    assert (len(name), len(text)) == (39, 39)
