from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.schema.column_kinds import (
    ColumnKind,
    JsonKind,
    ListKind,
    PlainKind,
    RecordKind,
    SchemaColumn,
    arrow_type,
    fitted,
    kind_of,
    table_value,
)
from llmring.exceptions import ValidationError

TEXT, WHOLE, NUMBER = PlainKind("string"), PlainKind("integer"), PlainKind("number")
CITY = RecordKind((SchemaColumn("name", TEXT), SchemaColumn("people", WHOLE)))


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "string", "format": "date-time"}, TEXT),
        ({"type": ["integer", "null"]}, WHOLE),
        ({"type": ["integer", "number"]}, NUMBER),
        ({"type": "boolean"}, PlainKind("boolean")),
        ({"enum": ["a", "b", None]}, TEXT),
        ({"const": 3}, WHOLE),
        ({"enum": ["a", 1]}, JsonKind()),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, TEXT),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, NUMBER),
        ({"oneOf": [{"type": "string"}, {"type": "object"}]}, JsonKind()),
        ({"allOf": [{"$ref": "#/$defs/word"}]}, TEXT),
        ({"type": "array", "items": {"type": "number"}}, ListKind(NUMBER)),
        ({"type": "array"}, ListKind(JsonKind())),
        ({"type": "object", "additionalProperties": {"type": "string"}}, JsonKind()),
        ({"properties": {"a": {"$ref": "#/$defs/word"}}}, RecordKind((SchemaColumn("a", TEXT),))),
        ({"$ref": "#/$defs/absent"}, JsonKind()),
        ({}, JsonKind()),
        (True, JsonKind()),
        ({"type": 5}, JsonKind()),
    ],
)
def test_b6_the_kind_of_a_column_is_that_of_its_schema(part: Any, kind: ColumnKind) -> None:
    assert kind_of(part, {"$defs": {"word": {"type": "string"}}}) == kind


def test_b6_a_schema_that_contains_itself_is_json_from_there_on() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    root = {"$ref": "#/$defs/node", "$defs": {"node": node}}

    assert kind_of(root, root) == RecordKind((SchemaColumn("next", JsonKind()),))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "anyOf", "properties", "items", "$ref", "enum", "const", "allOf"]
                ),
                inner | st.sampled_from(["string", "array", "object", "#", "#/properties"]),
            )
        ),
    )
)
def test_any_json_has_a_kind(part: Any) -> None:
    root: Mapping[str, Any] = part if isinstance(part, dict) else {}

    arrow_type(kind_of(part, root))


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        (3, NUMBER, 3.0),
        (3.0, WHOLE, 3),
        (-(2**63), WHOLE, -(2**63)),
        (None, TEXT, None),
        ({"name": "Rome", "more": 1}, CITY, {"name": "Rome", "people": None}),
        ([{"name": "Rome"}], ListKind(CITY), [{"name": "Rome", "people": None}]),
        ({"any": [1]}, JsonKind(), {"any": [1]}),
    ],
)
def test_b6_a_value_is_fitted_to_its_column(value: Any, kind: ColumnKind, found: Any) -> None:
    assert fitted(value, kind, "") == found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(10**400, NUMBER, id="too large"),
        (1, TEXT),
        ("1", WHOLE),
        (True, WHOLE),
        (1, PlainKind("boolean")),
        (1.5, WHOLE),
        (2**63, WHOLE),
        (float("inf"), WHOLE),
        (float("nan"), WHOLE),
        ("a", ListKind(TEXT)),
        ([], CITY),
    ],
)
def test_b6_a_value_of_another_kind_is_refused_with_its_path(value: Any, kind: ColumnKind) -> None:
    with pytest.raises(ValidationError, match="/people"):
        fitted(value, kind, "/people")


def test_b6_tables_have_structs_and_json_text_where_the_schema_is_open() -> None:
    kind = RecordKind((SchemaColumn("city", CITY), SchemaColumn("tags", ListKind(JsonKind()))))
    value = fitted({"city": {"name": "Rome", "people": 3}, "tags": ["a", {"b": 1}]}, kind, "")

    array = pa.array([table_value(value, kind), None], arrow_type(kind))

    assert array.to_pylist() == [
        {"city": {"name": "Rome", "people": 3}, "tags": ['"a"', '{"b":1}']},
        None,
    ]
