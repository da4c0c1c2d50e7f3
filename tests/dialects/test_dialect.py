"""Extra parameters in a payload, and arguments that must be an object."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.dialect import json_object, merged


def test_nested_tables_are_merged_and_other_values_replaced() -> None:
    payload = {"a": {"b": 1, "c": [1]}, "d": 1, "e": {"f": 1}}

    assert merged(payload, {"a": {"c": [2], "x": 3}, "d": {"y": 1}, "e": None}) == {
        "a": {"b": 1, "c": [2], "x": 3},
        "d": {"y": 1},
        "e": None,
    }
    assert payload == {"a": {"b": 1, "c": [1]}, "d": 1, "e": {"f": 1}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", {"arguments": [1]}),
        ("null", {"arguments": None}),
        ('{"a": ', {"arguments": '{"a": '}),
        ("4 + 4", {"arguments": "4 + 4"}),
    ],
)
def test_arguments_become_an_object(text: str, value: dict[str, Any]) -> None:
    assert json_object(text) == value


@given(st.text())
def test_any_text_becomes_an_object_that_can_be_sent(text: str) -> None:
    sent = json_object(text)

    assert msgspec.json.decode(msgspec.json.encode(sent)) == sent
