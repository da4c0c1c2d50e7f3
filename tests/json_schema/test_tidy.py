"""Schemas of tools in older or careless forms, brought into that of the standard."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.json_schema.tidy import tidied
from llmring.json_schema.tree import standard

Schema = dict[str, Any]


def of_property(part: Any) -> Schema:
    return {"type": "object", "properties": {"a": part}}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": ["STRING", "NULL", "null"]}, {"type": ["string", "null"]}),
        ({"type": "any"}, {}),
        ({"type": None, "description": None}, {}),
        ("string", {"type": "string"}),
        (True, {}),
        (None, {}),
        ({"type": "array", "items": True}, {"type": "array", "items": {}}),
        ({"type": "array", "items": "integer"}, {"type": "array", "items": {"type": "integer"}}),
        ({"enum": []}, {}),
        ({"enum": None, "anyOf": [], "required": None}, {"required": []} | {}),
        ({"default": None, "const": None}, {"default": None, "const": None}),
        ({"minimum": 3, "exclusiveMinimum": True}, {"exclusiveMinimum": 3}),
        ({"maximum": 3, "exclusiveMaximum": False}, {"maximum": 3}),
        (
            {"properties": {"type": {"type": "STRING"}}},
            {"properties": {"type": {"type": "string"}}},
        ),
        ({"enum": ["STRING", None], "default": {"type": "STRING"}},) * 2,
        ({"dependentRequired": {"type": ["b"]}},) * 2,
        ({"x-note": {"type": "STRING"}},) * 2,
    ],
)
def test_a_keyword_is_written_as_in_the_standard(part: Any, expected: Schema) -> None:
    expected = {name: value for name, value in expected.items() if value != []}

    assert tidied(of_property(part)) == of_property(expected)


def test_properties_that_call_themselves_required_are_listed() -> None:
    schema = {
        "properties": {"a": {"type": "string", "required": True}, "b": {"required": False}},
        "required": ["c", "c"],
    }

    assert tidied(schema) == {
        "properties": {"a": {"type": "string"}, "b": {}},
        "required": ["c", "a"],
    }


KEYWORDS = st.sampled_from(
    ["type", "properties", "required", "enum", "items", "anyOf", "minimum", "exclusiveMinimum"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["string", "OBJECT", "array", "any", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(KEYWORDS, VALUES, max_size=4))
def test_whatever_a_schema_holds_the_result_is_one_of_the_standard(schema: Schema) -> None:
    found = tidied(schema)

    jsonschema_rs.validator_for(standard(found))
    assert tidied(found) == found
