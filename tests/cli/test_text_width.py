"""Texts on a terminal: their width, and their division into lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.text_width import divided, folded, longest_piece, width_of

WORDS = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=12)


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert folded("two words", 9, 0, 4) == "two words"
    assert folded("two words" * 50, None, 0, 4) == "two words" * 50


def test_what_does_not_fit_goes_on_below_with_an_indent() -> None:
    assert (
        folded("see: llmring lock validate", 16, 6, 6)
        == "see:\n      llmring\n      lock\n      validate"
    )


def test_spaces_at_the_beginning_stay() -> None:
    assert folded("  two words", 8, 0, 4) == "  two\n    words"


@given(WORDS, st.integers(20, 40), st.integers(0, 5), st.integers(0, 5))
def test_no_line_is_too_wide_and_no_word_is_lost(
    words: list[str], width: int, begin: int, indent: int
) -> None:
    first, *others = folded(" ".join(words), width, begin, indent).split("\n")

    assert begin + len(first) <= width
    assert all(len(line) <= width for line in others)
    assert all(line.startswith(" " * indent) for line in others)
    assert " ".join([first, *others]).split() == words


def test_a_word_that_is_too_long_is_not_divided() -> None:
    assert folded("at https://a.example/b/c", 10, 0, 2) == "at\n  https://a.example/b/c"


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1)])
def test_wide_letters_take_up_two_columns_and_marks_none(text: str, width: int) -> None:
    assert width_of(text) == width


def test_a_long_word_is_divided_after_a_joint() -> None:
    assert divided("see openai:gpt-6-luna", 10) == ["see", "openai:", "gpt-6-luna"]


def test_divided_lines_keep_the_indent() -> None:
    assert divided("  price above 272,000 tokens", 18) == ["  price above", "  272,000 tokens"]


def test_a_word_without_a_joint_is_divided_anywhere() -> None:
    assert divided("abcdefgh", 3) == ["abc", "def", "gh"]


@given(st.text("ab-: ", max_size=40), st.integers(1, 12))
def test_no_divided_line_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = divided(text, width)

    assert max(map(width_of, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_the_longest_piece_is_a_word_or_a_part_of_a_name() -> None:
    assert longest_piece("set OPENAI_API_KEY") == len("OPENAI_API_KEY")
    assert longest_piece("set OPENAI_API_KEY", names=True) == len("OPENAI_")
    assert longest_piece("  model of") == len("  model")
    assert longest_piece("") == 0
