"""The schemas that OpenAI can enforce."""

from typing import Any

import pytest
from msgspec import Struct

from llmring.chat.output_format import OutputFormat, parse_format
from llmring.dialects.openai.strict_schema import schema_to_send


class Point(Struct):
    x: int
    y: int | None = None


class Bag(Struct):
    items: dict[str, int]


OPEN = {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}


def sent(format_: Any) -> tuple[dict[str, Any], bool]:
    output = parse_format(format_)
    assert isinstance(output, OutputFormat)
    assert output.schema is not None
    return schema_to_send(output, output.schema)


def wanted(schema: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "it", "schema": schema, **fields}}


def test_a_strict_schema_is_closed_and_requires_all() -> None:
    schema, enforced = sent(wanted(OPEN, strict=True))

    assert enforced
    assert (schema["additionalProperties"], schema["required"]) == (False, ["a"])
    assert schema["properties"]["a"] == {
        "type": ["string", "null"],
        "description": "at least 1 character",
    }


def test_a_schema_that_is_not_strict_is_sent_as_it_is() -> None:
    assert sent(wanted(OPEN)) == (OPEN, False)


def test_a_root_that_is_not_an_object_is_wrapped_either_way() -> None:
    for strict in (True, False):
        schema, _ = sent(wanted({"type": "array", "items": {"type": "string"}}, strict=strict))

        assert schema["properties"].keys() == {"answer"}


@pytest.mark.parametrize(("kind", "enforced"), [(Point, True), (Bag, False)])
def test_a_type_is_enforced_unless_its_schema_would_lose_its_meaning(
    kind: type, enforced: bool
) -> None:
    assert sent(kind)[1] is enforced
