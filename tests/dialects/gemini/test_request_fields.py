"""The fields of a client's request, in the forms that JSON for protocol buffers may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.gemini.request_fields import (
    at,
    fields,
    flag_at,
    integer_at,
    items,
    number_at,
    text_at,
    texts_at,
)
from llmring.dialects.request_decoding import RequestFormatError


def test_both_spellings_are_one_field_and_null_is_none() -> None:
    assert fields({"top_k": 1, "topP": 2, "seed": None}, "") == {"topK": 1, "topP": 2}


def test_a_field_in_both_spellings_is_an_error_at_its_path() -> None:
    with pytest.raises(RequestFormatError, match="both spellings") as caught:
        fields({"top_k": 1, "topK": 1}, "generationConfig")

    assert caught.value.field == "generationConfig.topK"


@pytest.mark.parametrize("value", [[], "text", 1, None])
def test_what_is_no_object_has_no_fields(value: Any) -> None:
    with pytest.raises(RequestFormatError, match=r"tools\.0 must be an object"):
        fields(value, "tools.0")


def test_one_value_is_a_list_of_one() -> None:
    assert (items({"a": 1}), items([1, 2]), items(None)) == ([{"a": 1}], [1, 2], [])


def test_a_path_grows_by_names_and_numbers() -> None:
    assert at(at(at("", "contents"), 0), "parts") == "contents.0.parts"


@given(st.integers(-(2**63), 2**64))
def test_a_whole_number_may_be_a_text(number: int) -> None:
    assert integer_at({"seed": str(number)}, "seed", "") == number


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1), (0.5, 0.5), ("0.5", 0.5), ("1e3", 1000), (None, None)]
)
def test_a_number_may_be_a_text(value: Any, expected: float | None) -> None:
    assert number_at({"topP": value}, "topP", "") == expected


@pytest.mark.parametrize(
    "value", [True, "much", "NaN", "Infinity", [], {}, "", 10**400, str(-(10**400))]
)
def test_what_is_no_number_is_an_error(value: Any) -> None:
    with pytest.raises(RequestFormatError) as caught:
        number_at({"topP": value}, "topP", "generationConfig")

    assert caught.value.field == "generationConfig.topP"


def test_a_fraction_is_no_whole_number() -> None:
    assert integer_at({"seed": 3.0}, "seed", "") == 3
    with pytest.raises(RequestFormatError, match="whole"):
        integer_at({"seed": 3.5}, "seed", "")


def test_texts_and_flags_are_of_their_types() -> None:
    found = {"name": "n", "flag": False, "texts": ["a", "b"], "one": "a"}

    assert text_at(found, "name", "") == "n"
    assert flag_at(found, "flag", "") is False
    assert (texts_at(found, "texts", ""), texts_at(found, "one", "")) == (["a", "b"], ["a"])
    assert (text_at({}, "name", ""), flag_at({}, "flag", ""), texts_at({}, "t", "")) == (
        None,
        None,
        [],
    )
    for read, name in ((text_at, "flag"), (flag_at, "name")):
        with pytest.raises(RequestFormatError):
            read(found, name, "")
    with pytest.raises(RequestFormatError) as caught:
        texts_at({"texts": ["a", 1]}, "texts", "")
    assert caught.value.field == "texts.1"
