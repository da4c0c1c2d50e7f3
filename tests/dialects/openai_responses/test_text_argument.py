"""The text of a custom tool, read out of JSON in pieces."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.openai_responses.text_argument import StringDecoder, TextArgument

PATCH = '*** Begin Patch\r\n@@ "quoted" \\ back\\n\t/ 𝄞 👋🏽 \u2028 é\r\n*** End Patch\n'


def text_of(pieces: list[str]) -> tuple[list[str], str]:
    argument = TextArgument()
    shown = [argument.feed(piece) for piece in pieces]
    return shown, "".join(shown) + argument.end()


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_patch_arrives_as_it_is_however_it_is_cut(is_ascii: bool) -> None:
    arguments = json.dumps({"input": PATCH}, ensure_ascii=is_ascii)

    for at in range(len(arguments)):
        assert text_of([arguments[:at], arguments[at:]])[1] == PATCH
    shown, whole = text_of(list(arguments))
    assert whole == PATCH
    # All of it is there before the object ends.
    assert "".join(shown[:-2]) == PATCH


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\/\r\n𝄞👋')),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.lists(st.integers(0, 10**4), max_size=12),
)
def test_any_text_arrives_as_it_is(
    text: str, is_ascii: bool, indent: int | None, places: list[int]
) -> None:
    arguments = json.dumps({"input": text}, ensure_ascii=is_ascii, indent=indent)

    assert text_of(cut(arguments, places))[1] == text


def test_text_is_shown_as_soon_as_it_is_known() -> None:
    shown, _ = text_of(['{"inp', 'ut": "a', r"b\ud83d", r"\udc4b", r"c\u00", 'e9"', "}"])

    assert shown == ["", "a", "b", "👋", "c", "é", ""]


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\ud83dx", "\ufffdx"),
        (r"\ud83d\ud83d\udc4b", "\ufffd👋"),
        (r"\udc4b", "\ufffd"),
        (r"\uzzzz", r"\uzzzz"),
        (r"\x", "x"),
        ("a\nb", "a\nb"),
        (r"\b\f\n\r\t\/\"\\", '\b\f\n\r\t/"\\'),
    ],
)
def test_damage_is_read_the_same_however_it_is_cut(string: str, expected: str) -> None:
    for at in range(len(string) + 1):
        decoder = StringDecoder()
        found = decoder.feed(string[:at]) + decoder.feed(string[at:] + '"')
        assert (found + decoder.end(), decoder.ended) == (expected, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (r'{"input": "ab\u00', "ab"),
        (r'{"input": "ab\ud83d', "ab\ufffd"),
        ('{"inp', '{"inp'),
    ],
)
def test_of_arguments_that_are_cut_there_is_what_came(arguments: str, expected: str) -> None:
    assert text_of([arguments])[1] == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"note": 1, "input": "a"}', "a"),
        ('{"patch": "a"}', "a"),
        ('{"a": "b", "c": "d"}', '{"a":"b","c":"d"}'),
        (r'{"\u0069nput": "a"}', "a"),
        ('{"input": {"x": 1}}', '{"x":1}'),
        ('{"input": "a", "b": "c"}', "a"),
        ('"a"', "a"),
        ("*** a", "*** a"),
        ("{}", ""),
        ("", ""),
        ('{"note": "%s", "input": "a"}' % ("x" * 400), "a"),
    ],
)
def test_a_model_may_give_the_text_in_another_way(arguments: str, expected: str) -> None:
    assert text_of(list(arguments))[1] == expected
