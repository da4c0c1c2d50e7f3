"""A root as a plain object: the choices are merged, and put into words."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.dialects.openai.strict_schema import PARAMETERS
from llmring.json_schema.object_root import object_root
from llmring.json_schema.parameters import fitted

Schema = dict[str, Any]

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def branch(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": [*properties]}


def flat(schema: Schema) -> Schema:
    found = object_root(schema, dict)
    assert found is not None
    return found[0]


def words(schema: Schema) -> list[str]:
    found = object_root(schema, dict)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": ["object", "null"]}])
def test_an_object_without_properties_gets_none(schema: Schema) -> None:
    assert flat(schema) == {"type": "object", "properties": {}}


def test_a_plain_object_is_unchanged() -> None:
    schema = {**branch(a=TEXT), "additionalProperties": False, "description": "d"}

    assert object_root(schema, dict) == (schema, [])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "array"}]},
        {"allOf": [{"type": "string"}]},
        {"oneOf": [False]},
    ],
)
def test_what_is_never_an_object_has_no_object_root(schema: Schema) -> None:
    assert object_root(schema, dict) is None


@pytest.mark.parametrize(
    ("keyword", "start"), [("anyOf", "at least one of these"), ("oneOf", "exactly one of these")]
)
def test_the_properties_of_a_choice_are_merged_and_the_choice_is_told(
    keyword: str, start: str
) -> None:
    schema = {"type": "object", keyword: [branch(content=TEXT), branch(source_url=TEXT)]}

    assert flat(schema) == {
        "type": "object",
        "properties": {"content": TEXT, "source_url": TEXT},
    }
    assert words(schema) == [f"{start}: content; source_url"]


def test_properties_that_every_branch_requires_stay_required() -> None:
    schema = {
        "properties": {"id": NUMBER},
        "required": ["id"],
        "anyOf": [branch(a=TEXT, b=TEXT), branch(b=TEXT, c=TEXT)],
    }

    assert flat(schema)["required"] == ["id", "b"]


def test_a_property_that_tells_the_branches_apart_lists_its_values() -> None:
    schema = {
        "oneOf": [
            branch(kind={"const": "file", "type": "string"}, path=TEXT),
            branch(kind={"const": "page", "type": "string"}, url=TEXT),
        ]
    }

    assert flat(schema)["properties"]["kind"] == {"type": "string", "enum": ["file", "page"]}
    assert words(schema) == ['exactly one of these: kind = "file" and path; kind = "page" and url']


def test_a_property_with_several_schemas_may_have_any_of_them() -> None:
    schema = {"anyOf": [branch(a=TEXT), branch(a=NUMBER)]}

    assert flat(schema)["properties"]["a"] == {"anyOf": [TEXT, NUMBER]}
    assert flat(schema)["required"] == ["a"]


def test_branches_in_branches_and_parts_of_an_all_of_are_merged() -> None:
    schema = {
        "allOf": [branch(a=TEXT), {"anyOf": [branch(b=TEXT), {"oneOf": [branch(c=TEXT)]}]}],
    }

    assert flat(schema)["properties"] == {"a": TEXT, "b": TEXT, "c": TEXT}
    assert flat(schema)["required"] == ["a"]


def test_a_branch_that_is_no_object_is_left_out() -> None:
    assert flat({"anyOf": [branch(a=TEXT), {"type": "null"}]}) == branch(a=TEXT)


def test_what_has_no_properties_to_merge_is_told() -> None:
    schema = {**branch(a=TEXT), "not": {"required": ["b"]}, "enum": [{"a": "x"}]}

    assert flat(schema) == branch(a=TEXT)
    assert words(schema) == ['one of {"a":"x"}', 'not: {"required":["b"]}']


def test_further_rules_of_a_branch_are_told() -> None:
    schema = {
        "properties": {"a": TEXT, "b": TEXT},
        "anyOf": [{"required": ["a"], "title": "Short"}, {"minProperties": 2}],
    }

    assert words(schema) == ["at least one of these: Short: a; minProperties: 2"]


def test_the_result_is_closed_only_if_all_branches_are() -> None:
    closed = {**branch(a=TEXT), "additionalProperties": False}

    assert (
        flat({"anyOf": [closed, {**branch(b=TEXT), "additionalProperties": False}]})[
            "additionalProperties"
        ]
        is False
    )
    assert "additionalProperties" not in flat({"anyOf": [closed, branch(b=TEXT)]})


@pytest.mark.parametrize(
    "dictionary",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "patternProperties": {"^x": TEXT}},
    ],
)
def test_the_result_stays_open_if_a_branch_is_a_dictionary(dictionary: Schema) -> None:
    schema = {"anyOf": [branch(a=TEXT), dictionary]}

    assert flat(schema)["additionalProperties"] is True
    assert not fitted(schema, PARAMETERS, strict=True).strict


def test_the_key_to_the_branches_is_left_out_with_them() -> None:
    discriminator = {"propertyName": "kind", "mapping": {"a": "#/$defs/A"}}
    schema = {"oneOf": [branch(a=TEXT), branch(b=TEXT)], "discriminator": discriminator}

    assert "discriminator" not in flat(schema)


def test_a_choice_of_itself_ends() -> None:
    schema: Schema = {"anyOf": [{"$ref": "#"}, branch(a=TEXT)]}

    def inline(part: Any) -> Schema:
        return dict(schema) if "$ref" in part else dict(part)

    found = object_root({"$ref": "#"}, inline)

    assert found is not None
    assert found[0]["properties"] == {"a": TEXT}


def test_required_properties_without_a_schema_accept_anything() -> None:
    assert flat({"required": ["a"]})["properties"] == {"a": {}}


# All values of a property fit all of its schemas, as a branch without it would allow others.
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from([TEXT, {}, {"enum": ["x", "y"]}]),
        "b": st.sampled_from([NUMBER, {"const": 1}, {"enum": [1, "x"]}]),
        "c": st.just({"type": "null"}),
    },
)
VALUES = st.fixed_dictionaries(
    {},
    optional={"a": st.sampled_from(["x", "y"]), "b": st.just(1), "c": st.none()},
)
OBJECTS = st.builds(
    lambda properties, required, more: {"properties": properties, "required": required, **more},
    PROPERTIES,
    st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    st.sampled_from([{}, {"type": "object"}, {"additionalProperties": False}]),
)
SCHEMAS = st.recursive(
    OBJECTS,
    lambda inner: st.builds(
        lambda own, keyword, branches: {**own, keyword: branches},
        OBJECTS,
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(SCHEMAS, VALUES)
def test_an_object_that_fits_a_schema_fits_its_object_root(schema: Schema, value: Schema) -> None:
    found = object_root(schema, dict)

    assert found is not None
    assert {"anyOf", "oneOf", "allOf", "enum", "not"}.isdisjoint(found[0])
    assert isinstance(found[0]["properties"], dict)
    if jsonschema_rs.is_valid(schema, value):
        assert jsonschema_rs.is_valid(found[0], value)
