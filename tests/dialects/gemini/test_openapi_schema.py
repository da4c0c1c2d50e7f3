"""Schemas in Google's subset of OpenAPI, read as JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from llmring.dialects.gemini.openapi_schema import json_schema


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "TYPE_UNSPECIFIED"}, {}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        (
            {"type": "STRING", "format": "enum", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"type": "ARRAY", "minItems": "2"}, {"type": "array", "minItems": 2}),
        (
            {"any_of": [{"type": "NUMBER"}, {"type": "STRING"}], "nullable": True},
            {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]},
        ),
        ({"type": "STRING", "example": "a"}, {"type": "string", "examples": ["a"]}),
        ({"type": "STRING", "default": None}, {"type": "string", "default": None}),
        (
            {"ref": "#/defs/A", "defs": {"A": {"type": "OBJECT"}}},
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}},
        ),
        (
            {"type": "OBJECT", "additionalProperties": {"type": "INTEGER"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ),
        (
            {"type": "OBJECT", "additionalProperties": False},
            {"type": "object", "additionalProperties": False},
        ),
    ],
)
def test_a_keyword_of_openapi_has_its_equivalent(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert json_schema(given) == expected


def test_a_property_keeps_its_name_whatever_it_is() -> None:
    names = ["min_items", "nullable", "type", "defs", "properties"]
    given = {"type": "OBJECT", "properties": {name: {"type": "STRING"} for name in names}}

    assert json_schema(given)["properties"] == {name: {"type": "string"} for name in names}


def test_the_order_of_properties_is_theirs() -> None:
    properties = {name: {"type": "STRING"} for name in "abc"}
    given = {"type": "OBJECT", "properties": properties, "propertyOrdering": ["c", "a", "x"]}

    found = json_schema(given)

    assert list(found["properties"]) == ["c", "a", "b"]
    assert "propertyOrdering" not in found


def test_json_schema_stays_as_it_is() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"], "minLength": 1}},
        "required": ["a"],
        "additionalProperties": False,
    }

    assert json_schema(schema) == schema


def test_a_schema_of_the_vendor_s_client_describes_the_same_values() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = types.Schema(
        type=types.Type.OBJECT,
        properties={
            "city": types.Schema(type=types.Type.STRING, min_length=2, nullable=True),
            "days": types.Schema(
                type=types.Type.ARRAY, items=types.Schema(type=types.Type.INTEGER)
            ),
        },
        required=["city"],
    )
    found = json_schema(schema.model_dump(mode="json", exclude_none=True))

    valid = jsonschema.Draft202012Validator(found).is_valid
    assert valid({"city": None, "days": [1]})
    assert not valid({"city": "P"})
    assert not valid({"days": []})
    assert not valid({"city": "Paris", "days": ["1"]})
