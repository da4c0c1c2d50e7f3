"""The white space where a continuation joins the answer so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.routing.stream_resume import OverlapTrimmer

CODE = """def total(rows):
    for row in rows:
        if row:
            yield  row["a"] + 1
            -----------------------------------

    # 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
\treturn None
"""


def joined(before: str, after: str, *, stripped: bool = False, cuts: int = 3) -> str:
    trimmer = OverlapTrimmer(before, stripped=stripped)
    pieces = [after[at : at + cuts] for at in range(0, len(after), cuts)]
    return before + "".join([trimmer.feed(piece) for piece in pieces] + [trimmer.end()])


@pytest.mark.parametrize("at", range(1, len(CODE)))
def test_code_that_goes_on_exactly_where_it_was_cut_stays_as_it_is(at: int) -> None:
    assert joined(CODE[:at], CODE[at:]) in (CODE, CODE.replace("yield  row", "yield row"))


@pytest.mark.parametrize("at", range(1, len(CODE)))
def test_a_model_that_was_sent_the_code_without_its_last_white_space_gives_it_again(
    at: int,
) -> None:
    assert joined(CODE[:at], CODE[len(CODE[:at].rstrip()) :], stripped=True) == CODE


@pytest.mark.parametrize("at", range(1, len(CODE)))
def test_a_model_that_was_sent_it_so_may_also_go_on_with_the_next_word(at: int) -> None:
    before = CODE[:at]
    rest = CODE[at:] if before.endswith(tuple(" \n\t")) else ""
    if not rest[:1].isspace():
        assert joined(before, rest, stripped=True) == before + rest


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("Hello ", " world", "Hello world"),
        ("Hello ", "world", "Hello world"),
        ("Hello", " world", "Hello world"),
        ("Hello ", "  world", "Hello   world"),
        ("Hello  ", " world", "Hello   world"),
        ("x:\n ", " y", "x:\n  y"),
        ("x:\n", "    y", "x:\n    y"),
        ("One.\n", "\nTwo", "One.\n\nTwo"),
        ("Hello ", "\nworld", "Hello \nworld"),
    ],
)
def test_only_a_space_between_two_words_that_both_sides_give_is_given_once(
    before: str, after: str, whole: str
) -> None:
    assert joined(before, after, cuts=1) == joined(before, after, cuts=9) == whole


@given(st.text(" \n\tab", min_size=1), st.text(" \n\tab"), st.integers(1, 5))
def test_no_word_is_lost_at_a_join(before: str, after: str, cuts: int) -> None:
    found = joined("0" + before, "1" + after, cuts=cuts)

    assert found == "0" + before + "1" + after
