"""The texts of messages that come in pieces, and the part that the pieces lack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.openai_responses.message_texts import MessageTexts, rest_of

PIECES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.text("ab", min_size=1, max_size=3)),
    max_size=8,
)


def filled(pieces: list[tuple[int, int, str]]) -> tuple[MessageTexts, str]:
    texts = MessageTexts()
    for owner, part, text in pieces:
        texts.add(owner, part, text)
    return texts, "".join(text for _, _, text in pieces)


@pytest.mark.parametrize(
    ("seen", "whole", "rest"),
    [
        ("", " Hello", " Hello"),
        ("Hello ", "Hello world", "world"),
        ("Hello", "Hello", ""),
        # Nothing is lacking in less than was seen.
        ("Hello \n", "Hello", ""),
        ("\n\nHello", "Hello world", " world"),
        ("Hello", "\nHello world", " world"),
        ("Hello", "", ""),
        # Damage to either of both is no other text.
        ("Na\ufffdve", "Naïve idea", " idea"),
        ("Hi \ufffd\ufffd there", "Hi 😀 there!", "!"),
        ("Hi \ufffd\ufffd", "Hi 😀", ""),
        ("Hi 😀 there", "Hi \ufffd\ufffd there", ""),
        ("Hello", "Yellow", None),
        ("Hello", "Hell of a day", None),
    ],
)
def test_the_rest_of_a_text_is_what_its_pieces_lack(
    seen: str, whole: str, rest: str | None
) -> None:
    assert rest_of(seen, whole) == rest


@given(st.text(max_size=20), st.text(max_size=20))
def test_pieces_and_their_rest_are_the_whole(seen: str, rest: str) -> None:
    if "\ufffd" not in seen:
        assert rest_of(seen, seen + rest) == rest


@given(PIECES, st.integers(0, 2))
def test_a_message_that_is_taken_back_leaves_the_text_of_the_others(
    pieces: list[tuple[int, int, str]], owner: int
) -> None:
    texts, answer = filled(pieces)

    for start, length in texts.take_back(owner):
        answer = answer[:start] + answer[start + length :]

    assert answer == "".join(text for each, _, text in pieces if each != owner)
    assert texts.take_back(owner) == []


@given(PIECES, st.integers(0, 2), st.integers(0, 1))
def test_the_place_of_a_part_is_that_of_its_first_piece(
    pieces: list[tuple[int, int, str]], owner: int, part: int
) -> None:
    texts, answer = filled(pieces)
    before = 0
    for each in pieces:
        if each[:2] == (owner, part):
            break
        before += len(each[2])

    assert texts.place(owner, part) == before <= len(answer)


@given(PIECES, st.integers(0, 8))
def test_text_of_no_known_message_is_handed_over_as_far_as_it_is_the_message_s(
    pieces: list[tuple[int, int, str]], length: int
) -> None:
    texts, _ = filled(pieces)
    seen = texts.text_of(0)

    texts.hand_over(0, seen[:length], to=7)

    assert (texts.text_of(7), texts.text_of(0)) == (seen[:length], seen[length:])
    everything = sum(len(texts.text_of(each)) for each in (0, 1, 2, 7))
    assert everything == sum(len(text) for _, _, text in pieces)


def test_the_last_text_is_that_of_the_message_that_spoke_last() -> None:
    texts, _ = filled([(0, 0, "a"), (1, 0, "b")])

    assert [texts.is_last(each) for each in (0, 1)] == [False, True]
    assert not MessageTexts().is_last(0)
