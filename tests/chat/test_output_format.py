"""The accepted forms of `response_format`."""

from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar, Union

import msgspec
import pydantic
import pytest

from llmring import LLMRequest, ValidationError
from llmring.chat.output_format import OutputFormat, SchemaProblem, parse_format

SCHEMA = {"type": "object"}


@pytest.mark.parametrize("value", [None, {"type": "text"}])
def test_the_format_text_is_parsed_as_none(value: Any) -> None:
    assert parse_format(value) is None


@pytest.mark.parametrize("value", [{"type": "json_object"}, {"type": "json"}])
def test_json_can_be_requested_without_a_schema(value: Any) -> None:
    assert parse_format(value) == OutputFormat()


@pytest.mark.parametrize(
    ("outer", "inner", "strict"),
    [
        ({}, {}, None),
        ({"strict": True}, {}, True),
        ({}, {"strict": True}, True),
        ({"strict": True}, {"strict": None}, True),
        ({"strict": True}, {"strict": False}, False),
    ],
)
def test_R27_strict_is_accepted_at_either_level(
    outer: dict[str, Any], inner: dict[str, Any], strict: bool | None
) -> None:
    result = {"name": "n", "description": "d", "schema": SCHEMA, **inner}

    found = parse_format({"type": "json_schema", "json_schema": result, **outer})

    assert found == OutputFormat(SCHEMA, "n", "d", strict)


def test_a_schema_is_accepted_without_the_inner_object() -> None:
    assert parse_format({"type": "json_schema", "schema": SCHEMA}) == OutputFormat(SCHEMA)


@dataclass
class Point:
    x: int


class Named(TypedDict):
    x: int


class Row(msgspec.Struct):
    x: int


class Model(pydantic.BaseModel):
    x: int


T = TypeVar("T")


class Box(pydantic.BaseModel, Generic[T]):
    x: T


@pydantic.dataclasses.dataclass
class Checked:
    x: int = pydantic.Field(ge=1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Point, "Point"),
        (Named, "Named"),
        (Row, "Row"),
        (Model, "Model"),
        (Checked, "Checked"),
        (Box[int], "Box_int"),
        (list[Model], "list"),
        (dict[str, Point], "dict"),
        (Point | Model, "answer"),
        (int | None, "answer"),
        (Union[Point, Model], "answer"),  # noqa: UP007  # the older spelling
    ],
)
def test_a_type_is_an_output_format(kind: Any, name: str) -> None:
    found = parse_format(kind)

    assert found is not None
    assert (found.type, found.strict) == (kind, True)
    assert found.schema is not None
    assert found.load is not None
    assert found.name.startswith(name)


def test_a_pydantic_type_is_validated_by_pydantic() -> None:
    found = parse_format(Checked)

    assert found is not None
    assert found.load is not None
    assert found.load(b'{"x": 1}').x == 1
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        found.load(b'{"x": 0}')


def test_a_type_that_cannot_be_hashed_is_accepted() -> None:
    from typing import Annotated

    kind = Annotated[int, msgspec.Meta(extra={"unit": "m"})]
    found = parse_format(kind)

    assert found is not None
    assert found.schema == {"type": "integer"}


@pytest.mark.parametrize(
    "value",
    [
        "json",
        {},
        {"type": "object"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "n"}},
        object(),
        5,
        [],
    ],
    ids=str,
)
def test_anything_else_is_refused_when_the_request_is_created(value: Any) -> None:
    with pytest.raises(ValidationError, match="response_format"):
        LLMRequest("m", "Hi", response_format=value)


def test_a_misfit_is_shown_with_its_place() -> None:
    assert str(SchemaProblem("/a/0", "too long")) == "at /a/0: too long"
    assert str(SchemaProblem("", "too long")) == "too long"


JSON_MODE_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    "value",
    [
        {"type": "json_object", "schema": JSON_MODE_SCHEMA},
        {"type": "json", "value": JSON_MODE_SCHEMA},
        {"type": "json_object", "json_schema": JSON_MODE_SCHEMA},
        {"type": "json_object", "json_schema": {"name": "answer", "schema": JSON_MODE_SCHEMA}},
        {"type": "json_object", "response_schema": JSON_MODE_SCHEMA},
    ],
)
def test_a_schema_given_with_json_mode_is_used(value: dict[str, Any]) -> None:
    assert parse_format(value) == OutputFormat(JSON_MODE_SCHEMA)


@pytest.mark.parametrize("value", [{}, None])
def test_json_mode_with_an_empty_schema_is_json_mode(value: Any) -> None:
    assert parse_format({"type": "json_object", "schema": value}) == OutputFormat()


def test_json_mode_with_a_schema_can_be_strict_and_named() -> None:
    value = {"type": "json_object", "schema": JSON_MODE_SCHEMA, "strict": True, "name": "n"}

    assert parse_format(value) == OutputFormat(JSON_MODE_SCHEMA, "n", strict=True)


def test_a_schema_of_json_mode_that_is_not_a_mapping_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"'schema' of the response_format is a JSON Schema"):
        parse_format({"type": "json_object", "schema": "text"})
