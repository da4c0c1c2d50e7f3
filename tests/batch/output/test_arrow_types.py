from typing import Any

import pyarrow as pa
import pytest

from llmring.batch.output.arrow_types import arrow_type

LOOP = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["integer", "null"]}, "int64"),
        ({"type": ["integer", "number"]}, "double"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "bool"),
        ({"anyOf": [{"type": "boolean"}, {"type": "string"}]}, "string"),
        ({"enum": [1, 2, None]}, "int64"),
        ({"enum": ["a", 1]}, "string"),
        ({"const": "a"}, "string"),
        ({"type": "array", "items": {"type": "number"}}, "list<item: double>"),
        ({"type": "array"}, "list<item: string>"),
        ({"type": "array", "prefixItems": [{"type": "number"}]}, "string"),
        ({"type": "object"}, "string"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "string"),
        (
            {"$ref": "#/$defs/p", "$defs": {"p": {"type": "object", "properties": {"x": {}}}}},
            "struct<x: string>",
        ),
        ({"allOf": [{"type": "integer"}]}, "int64"),
        ({"$ref": "#/nowhere"}, "string"),
        (True, "string"),
        (LOOP, "string"),
    ],
    ids=str,
)
def test_b6_types_come_from_the_schema_and_text_is_for_json(schema: Any, expected: str) -> None:
    assert str(arrow_type(pa, schema)) == expected


def test_b6_objects_in_lists_are_structs() -> None:
    person = {"type": "object", "properties": {"name": {"type": "string"}, "any": {}}}

    found = arrow_type(pa, {"type": "array", "items": person})

    assert found == pa.list_(pa.struct([("name", pa.string()), ("any", pa.string())]))


def test_b6_a_schema_that_refers_to_itself_ends_in_text() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}

    found = str(arrow_type(pa, {"$ref": "#/$defs/node", "$defs": {"node": node}}))

    assert found.startswith("struct<next: struct<")
    assert "next: string" in found
