"""The parts of a JSON Schema, and the targets of its references."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import ValidationError
from llmring.json_schema.tree import (
    mapped,
    or_null,
    recursive,
    reference,
    standard,
    takes_null,
    target,
    within,
)

Schema = dict[str, Any]
ROOT: Schema = {
    "$defs": {"A/B": {"type": "string"}, "~": {"type": "integer"}, "é c": {"type": "null"}},
    "anyOf": [{"type": "boolean"}, True, False],
}


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("#", ROOT),
        ("#/$defs/A~1B", {"type": "string"}),
        ("#/$defs/~0", {"type": "integer"}),
        ("#/$defs/%C3%A9%20c", {"type": "null"}),
        ("#/anyOf/0", {"type": "boolean"}),
        ("#/anyOf/1", {}),
        ("#/anyOf/2", None),
        ("#/anyOf/3", None),
        ("#/anyOf/-1", None),
        ("#/$defs/C", None),
        ("#anchor", None),
        ("https://example.com/a.json", None),
    ],
)
def test_a_reference_leads_to_its_target_in_the_document(ref: str, found: Schema | None) -> None:
    assert target(ROOT, ref) == found


@given(st.text())
def test_any_reference_has_a_target_or_none(ref: str) -> None:
    found = target(ROOT, ref)

    assert found is None or isinstance(found, dict)


def test_only_a_text_is_a_reference() -> None:
    assert reference({"$ref": "#"}) == "#"
    assert reference({"$ref": {"type": "object"}}) is None
    assert reference({}) is None


def test_the_parts_of_a_schema_are_its_direct_subschemas_without_definitions() -> None:
    schema = {
        "properties": {"properties": {"type": "string"}, "b": True},
        "items": [{"type": "null"}],
        "not": {"const": 1},
        "enum": [{"type": "number"}],
        "$defs": {"A": {"type": "boolean"}},
    }

    assert within(schema) == [{"type": "string"}, True, {"type": "null"}, {"const": 1}]


def test_changing_the_parts_leaves_the_original_as_it_is() -> None:
    schema = {"properties": {"a": {"type": "string"}}, "default": {"type": "string"}}

    assert mapped(schema, lambda _: {}) == {"properties": {"a": {}}, "default": {"type": "string"}}
    assert schema["properties"] == {"a": {"type": "string"}}


@pytest.mark.parametrize(
    ("older", "converted"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"items": [{}], "additionalItems": False}, {"prefixItems": [{}], "items": False}),
        (
            {"properties": {"nullable": {"type": "boolean"}}},
            {"properties": {"nullable": {"type": "boolean"}}},
        ),
    ],
    ids=str,
)
def test_older_keywords_become_the_standard_ones(older: Schema, converted: Schema) -> None:
    assert standard({"not": older}) == {"not": converted}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": 5},
        {"properties": []},
        {"required": "a"},
        {"items": 1},
        {"minimum": "1"},
        {"enum": 1},
    ],
    ids=str,
)
def test_a_keyword_with_a_value_of_the_wrong_kind_is_refused_wherever_it_is(wrong: Schema) -> None:
    with pytest.raises(ValidationError, match="not a JSON Schema"):
        standard({"properties": {"a": {"items": wrong}}})


NULLABLE: list[Schema] = [
    {"type": "string"},
    {"type": ["string", "integer"]},
    {"type": "string", "enum": ["a"]},
    {"enum": ["a"]},
    {"const": "a"},
    {"type": "string", "description": "A", "anyOf": [{"minLength": 1}]},
    {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    {"not": {"type": "null"}},
    {"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
]


@pytest.mark.parametrize("schema", NULLABLE, ids=str)
@pytest.mark.parametrize("value", ["a", "", 1, None, [], True])
def test_an_extended_schema_accepts_the_same_values_and_null(schema: Schema, value: Any) -> None:
    definitions = {"$defs": schema.get("$defs", {})}
    body = {key: each for key, each in schema.items() if key != "$defs"}

    assert jsonschema_rs.is_valid(or_null(body) | definitions, value) == (
        value is None or jsonschema_rs.is_valid(schema, value)
    )


@pytest.mark.parametrize(
    ("schema", "accepted"),
    [
        (True, True),
        (False, False),
        ({}, True),
        ({"type": "null"}, True),
        ({"type": ["string", "null"]}, True),
        ({"type": "string"}, False),
        ({"enum": ["a", None]}, True),
        ({"enum": ["a"]}, False),
        ({"const": "a"}, False),
        ({"$ref": "#/$defs/A"}, False),
        ({"$ref": "#"}, True),
        ({"anyOf": [{"type": "string"}, {}]}, True),
        ({"allOf": [{"type": "string"}, {}]}, False),
    ],
    ids=str,
)
def test_a_schema_accepts_null_or_not(schema: Schema | bool, accepted: bool) -> None:
    assert takes_null({"$defs": {"A": {"type": "string"}}}, schema) is accepted


def test_references_that_lead_back_to_themselves_are_found_in_any_number_of_steps() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/A"}, "c": {"$ref": "#/$defs/C"}},
        "$defs": {
            "A": {"items": {"$ref": "#/$defs/B"}},
            "B": {"items": {"$ref": "#/$defs/A"}},
            "C": {"type": "string"},
        },
    }

    assert recursive(schema) == {"#/$defs/A", "#/$defs/B"}
