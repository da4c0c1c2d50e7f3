"""Parameters of functions: what is sent keeps the rules of every API."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring import ValidationError
from llmring.dialects.anthropic.structured_output import PARAMETERS as ANTHROPIC
from llmring.dialects.openai.strict_schema import PARAMETERS as OPENAI
from llmring.dialects.openai.strict_schema import PARAMETERS_OF_ANY_SCHEMA
from llmring.json_schema.parameters import ParameterRules, fitted
from llmring.json_schema.tree import children, reference, target

Schema = dict[str, Any]

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
SCORES = {
    "type": "object",
    "properties": {"scores": {"type": "object", "additionalProperties": {"type": "number"}}},
}


def sent(schema: Schema, rules: ParameterRules = OPENAI) -> Schema:
    return fitted(schema, rules, strict=False).schema


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"$schema": "http://x.test/draft"}])
def test_parameters_are_an_object_with_properties(schema: Schema) -> None:
    assert sent(schema) == {"type": "object", "properties": {}}


def test_a_reference_at_the_root_is_resolved_and_its_definitions_are_kept() -> None:
    schema = {"$ref": "#/definitions/Node", "definitions": {"Node": {**NODE, "title": "N"}}}
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/definitions/Node"}},
    }
    schema["definitions"] = {"Node": node}

    found = sent(schema)

    assert found["properties"] == {"next": {"$ref": "#/$defs/Node"}}
    assert found["$defs"]["Node"]["type"] == "object"


def test_an_array_as_the_root_is_wrapped() -> None:
    found = sent({"type": "array", "items": {"type": "string"}})

    assert found["properties"] == {"answer": {"type": "array", "items": {"type": "string"}}}
    assert found["type"] == "object"


def test_every_array_has_items_where_the_api_needs_them() -> None:
    schema = {"properties": {"a": {"type": ["array", "null"]}, "b": {"items": {"type": "array"}}}}

    assert sent(schema)["properties"] == {
        "a": {"type": ["array", "null"], "items": {}},
        "b": {"items": {"type": "array", "items": {}}},
    }
    assert sent(schema, ANTHROPIC)["properties"] == schema["properties"]


@pytest.mark.parametrize(
    ("schema", "rules", "place"),
    [
        (SCORES, OPENAI, "/properties/scores"),
        (SCORES, ANTHROPIC, "/properties/scores"),
        ({"properties": {}, "additionalProperties": True}, OPENAI, "the root"),
        ({**NODE, "$defs": {"Node": NODE}}, ANTHROPIC, "refers to itself"),
    ],
)
def test_a_schema_that_strict_mode_would_narrow_is_sent_without_it_and_noted(
    schema: Schema, rules: ParameterRules, place: str
) -> None:
    found = fitted(schema, rules, strict=True)

    assert not found.strict
    assert found.schema == sent(schema, rules)
    assert "without strict" in found.notes[0]
    assert place in found.notes[0]


def test_a_strict_function_without_arguments_stays_strict() -> None:
    found = fitted({}, OPENAI, strict=True)

    assert (found.strict, found.notes) == (True, ())
    assert found.schema["additionalProperties"] is False


def test_a_server_that_enforces_any_schema_gets_it_as_strict() -> None:
    found = fitted(SCORES, PARAMETERS_OF_ANY_SCHEMA, strict=True)

    assert (found.strict, found.schema) == (True, SCORES)


def test_a_reference_that_leads_nowhere_is_left_out_and_noted() -> None:
    found = fitted({"properties": {"a": {"$ref": "#/$defs/no"}}}, OPENAI, strict=False)

    assert found.schema["properties"]["a"] == {"description": "as defined by #/$defs/no"}
    assert found.notes == ("the reference '#/$defs/no' at /properties/a leads nowhere",)


def test_parameters_may_be_any_mapping() -> None:
    part = MappingProxyType({"a": MappingProxyType({"type": "string"})})

    assert fitted(MappingProxyType({"properties": part}), OPENAI, strict=False).schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
    }


def test_parameters_that_are_not_json_are_refused() -> None:
    with pytest.raises(ValidationError, match="not JSON"):
        fitted({"default": object()}, OPENAI, strict=False)


def test_a_dynamic_reference_with_two_meanings_is_refused() -> None:
    part = {"$dynamicAnchor": "n"}
    schema = {"properties": {"a": {"$dynamicRef": "#n"}}, "$defs": {"A": part, "B": part}}

    with pytest.raises(ValidationError, match="dynamicRef '#n' at /properties/a"):
        fitted(schema, OPENAI, strict=False)


def test_a_deep_schema_still_gets_an_object_at_its_root() -> None:
    schema: Schema = {"type": "array"}
    for _ in range(150):
        schema = {"type": "object", "properties": {"a": schema}}

    found = sent({"anyOf": [schema]})

    assert (found["type"], "anyOf" in found) == ("object", False)


# --- Any schema ---

NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.sampled_from(
    [
        {"type": "string", "minLength": 2},
        {"type": "integer"},
        {"type": "array"},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "patternProperties": {"^x": {}}},
        {"const": "x"},
        {"enum": ["x", 1]},
        {"type": "string", "nullable": True},
        {"$ref": "#/$defs/D"},
        {"$ref": "#d"},
        {"$dynamicRef": "#d"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {},
        True,
        None,
        "string",
    ]
)


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.builds(
        lambda properties, required, more: {
            "type": "object",
            "properties": properties,
            "required": required,
            **more,
        },
        st.dictionaries(NAMES, inner, max_size=3),
        st.lists(NAMES, max_size=2),
        st.sampled_from([{}, {}, {"additionalProperties": False}, {"additionalProperties": True}]),
    )
    arrays = st.builds(lambda items: {"type": "array", "items": items}, inner)
    choices = st.builds(
        lambda keyword, parts, own: {keyword: parts, **own},
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=3),
        objects | st.just({}),
    )
    return objects | arrays | choices


SCHEMAS = st.builds(
    lambda root, definition: {
        **(root if isinstance(root, dict) else {}),
        "$defs": {"D": {**(definition if isinstance(definition, dict) else {}), "$anchor": "d"}},
    },
    st.recursive(LEAVES, _combined, max_leaves=8),
    LEAVES,
)
ALL_RULES = [OPENAI, ANTHROPIC, PARAMETERS_OF_ANY_SCHEMA]


def parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for _, each in children(schema):
        if isinstance(each, Mapping):
            yield from parts(each)


@settings(deadline=None)
@given(SCHEMAS, st.sampled_from(ALL_RULES), st.booleans())
def test_whatever_a_schema_is_what_is_sent_keeps_the_rules_of_the_apis(
    schema: Schema, rules: ParameterRules, strict: bool
) -> None:
    before = json.dumps(schema)

    found = fitted(schema, rules, strict=strict)

    assert json.dumps(schema) == before
    root = found.schema
    jsonschema_rs.validator_for(root)
    assert root["type"] == "object"
    assert isinstance(root["properties"], dict)
    assert {"$ref", "allOf", "anyOf", "oneOf", "enum", "not"}.isdisjoint(root)
    for part in parts(root):
        ref = reference(part)
        assert ref is None or target(root, ref) is not None
        assert {"$anchor", "$dynamicRef", "nullable"}.isdisjoint(part)
        if rules is not ANTHROPIC and part.get("type") == "array":
            assert "items" in part
    if found.strict and rules.strict is not None:
        for part in parts(root):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False
                assert rules is ANTHROPIC or set(part["required"]) == set(part["properties"])
    assert found.strict or not strict or found.notes
