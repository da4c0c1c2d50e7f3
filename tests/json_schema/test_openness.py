"""Parts of a schema that strict mode would narrow."""

from typing import Any

import pytest

from llmring.json_schema.openness import can_be_strict, open_place

NAMED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}


def inside(part: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": part}, **more}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (NUMBERS, ""),
        (inside(NUMBERS), "/properties/x"),
        (inside({"type": "array", "items": NUMBERS}), "/properties/x/items"),
        (inside({**NAMED, "patternProperties": {"^b": {"type": "string"}}}), "/properties/x"),
        (inside({**NAMED, "additionalProperties": True}), "/properties/x"),
        (inside({"anyOf": [NAMED, NUMBERS]}), "/properties/x/anyOf/1"),
        (inside({"$ref": "#/$defs/N"}, **{"$defs": {"N": NUMBERS}}), "/$defs/N"),
        (
            inside({"$ref": "#numbers"}, **{"$defs": {"N": {"$anchor": "numbers", **NUMBERS}}}),
            "/$defs/N",
        ),
        (inside({"$ref": "#/$defs/none"}), "/properties/x"),
        (inside({}), "/properties/x"),
    ],
)
def test_the_place_of_an_open_part_is_found(schema: dict[str, Any], place: str) -> None:
    assert open_place(schema) == place
    assert not can_be_strict(schema)


KIND = {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}


@pytest.mark.parametrize(
    "part",
    [
        {**NAMED, "anyOf": [KIND, {"properties": {"kind": {"const": "b"}}}]},
        {**NAMED, "oneOf": [{"$ref": "#/$defs/K"}]},
        {"allOf": [NAMED, {"anyOf": [KIND]}]},
        {"$ref": "#/$defs/N", "anyOf": [KIND]},
    ],
)
def test_an_object_whose_properties_are_divided_would_be_narrowed(part: dict[str, Any]) -> None:
    schema = {**inside(part), "$defs": {"K": KIND, "N": NAMED}}

    assert open_place(schema) == "/properties/x"


@pytest.mark.parametrize(
    "part",
    [
        NAMED,
        {"allOf": [NAMED, {"properties": {"b": {"type": "string"}}}]},
        {"anyOf": [NAMED, {"type": "null"}]},
        {"type": "object", "additionalProperties": False},
        {"type": "string", "anyOf": [{"enum": ["a"]}, {"pattern": "b", "type": "string"}]},
    ],
)
def test_a_schema_that_names_all_properties_can_be_strict(part: dict[str, Any]) -> None:
    assert open_place(inside(part)) is None
