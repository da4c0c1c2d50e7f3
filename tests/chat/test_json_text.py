"""Extraction of JSON from a model's text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.json_text import (
    GrowingJson,
    NotJsonError,
    is_whole,
    json_bytes,
    json_of,
    value_of,
    whole_pairs,
    without_halves,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=3)
PROSE = st.text("abc .,:!`\n", max_size=20)


@given(VALUES)
def test_a_text_that_is_json_is_returned_unchanged(value: Any) -> None:
    assert json_of(json.dumps(value))[1] == value


@given(PROSE, OBJECTS, PROSE, st.sampled_from([None, 2]))
def test_json_is_found_between_words(
    before: str, value: Any, after: str, indent: int | None
) -> None:
    written = json.dumps(value, indent=indent)

    data, found = json_of(f"{before}{written}{after}", "{")

    assert found == value
    assert data.decode() == written


@given(OBJECTS, OBJECTS)
def test_a_text_with_two_json_values_is_refused(one: Any, two: Any) -> None:
    with pytest.raises(NotJsonError, match="more than one"):
        json_of(f"{json.dumps(one)} or {json.dumps(two)}")


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for opens in ("{", "{["):
        try:
            json_of(text, opens)
        except NotJsonError as error:
            assert str(error)  # noqa: PT017 -- only some of these texts are JSON


@given(OBJECTS.filter(bool), st.data())
def test_a_complete_part_of_truncated_json_is_not_returned(value: Any, data: st.DataObject) -> None:
    written = json.dumps(value)
    cut = written[: data.draw(st.integers(0, len(written) - 1))]

    with pytest.raises(NotJsonError):
        json_of(cut, "{")


@pytest.mark.parametrize("text", ["{} NaN", '{"a": NaN}', '{"a": Infinity} ', "NaN"])
def test_nan_and_infinity_are_refused(text: str) -> None:
    if text.startswith("{}"):
        assert json_of(text)[1] == {}
    else:
        with pytest.raises(NotJsonError):
            json_of(text)


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "x [" + "[" * 100_000], ids=["all", "part"])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(NotJsonError):
        json_of(text)


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert json_of('{"a": "\ud83d"}')[1] == {"a": "?"}
    assert GrowingJson().add('{"a": "\ud83d') == {"a": "?"}


@given(OBJECTS, st.integers(1, 5))
def test_growing_json_ends_with_the_complete_value(value: Any, step: int) -> None:
    written = json.dumps(value)
    growing = GrowingJson()

    for at in range(0, len(written), step):
        found = growing.add(written[at : at + step])

    assert found == value
    assert growing.text == written


def test_growing_json_returns_the_data_so_far() -> None:
    growing = GrowingJson()
    pieces = ["Well: ", "```json\n", '{"na', 'me": "A', 'da"', ', "of": [1', ", 2]", "}", "\n```"]

    assert [growing.add(piece) for piece in pieces] == [
        None,
        None,
        {},
        {"name": "A"},
        {"name": "Ada"},
        {"name": "Ada", "of": [1]},
        {"name": "Ada", "of": [1, 2]},
        {"name": "Ada", "of": [1, 2]},
        {"name": "Ada", "of": [1, 2]},
    ]


def test_growing_json_lags_little_behind_a_long_text() -> None:
    growing = GrowingJson()
    growing.add('{"text": "')
    for size in range(10, 20_000, 10):
        shown = growing.add("x" * 10)
        assert size - len(shown["text"]) <= max(10, size / 32)


def test_growing_text_without_json_returns_none() -> None:
    growing = GrowingJson()

    assert [growing.add(piece) for piece in ("{", "oops", "}")] == [{}, {}, {}]


HALF: Any = "a\ud83d b"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"a\ud83d b", r"a\ufffd b"),
        (r"\ud83d\udc4b", r"\ud83d\udc4b"),
        (r"\udc4b\ud83d", r"\ufffd\ufffd"),
        (r"\\ud83d", r"\\ud83d"),
        (r"\\\ud83d", r"\\\ufffd"),
        (r"\n\u00e9 ud83d", r"\n\u00e9 ud83d"),
    ],
)
def test_an_escape_that_is_half_of_a_pair_is_replaced(text: str, read: str) -> None:
    assert without_halves(text) == read


def test_a_character_that_is_half_of_a_pair_is_replaced() -> None:
    assert whole_pairs(HALF) == "a\ufffd b"
    assert whole_pairs("\ud83d\udc4b") == "\U0001f44b"


def test_a_value_with_half_of_a_pair_is_encoded() -> None:
    assert json.loads(json_bytes({HALF: [HALF, 1, {"b": (HALF,)}]})) == {
        "a\ufffd b": ["a\ufffd b", 1, {"b": ["a\ufffd b"]}]
    }


def test_a_value_that_json_does_not_know_is_written_by_the_hook() -> None:
    assert json_bytes([HALF, 1j], str) == '["a\ufffd b","1j"]'.encode()


def test_json_text_with_half_of_a_pair_is_read() -> None:
    assert value_of('{"a": "\\ud83d"}') == {"a": "\ufffd"}
    assert value_of('"' + HALF + '"') == "a\ufffd b"
    assert json_of(r'{"a": "\ud83d"}')[1] == {"a": "\ufffd"}


@pytest.mark.parametrize(
    ("text", "whole"), [("{}", True), (' {"a": 1} ', True), ("", False), ('{"a": ', False)]
)
def test_json_is_whole_or_not(text: str, whole: bool) -> None:
    assert is_whole(text) is whole
