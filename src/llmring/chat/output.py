"""The form that an answer is asked for: any JSON, or JSON of a schema; and how people write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.exceptions import ValidationError


class OutputFormat(Struct, frozen=True):
    """JSON as the form of an answer.

    Attributes:
        schema: JSON Schema of it, as it was given; None where any JSON object will do.
        name: What the vendor is told that it is called.
        description: What it is, for the model.
        strict: Whether the provider should hold the answer to the schema; None where the caller
            did not say.
        type: The Python type that the answer is turned into, where one was given.
    """

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    type: Any = None


def parse_format(value: Any) -> OutputFormat | None:
    """The form that a `response_format` asks for; None for plain text.

    Raises:
        ValidationError: It is none that is known.
    """
    match value:
        case None | {"type": "text"}:
            return None
        case OutputFormat():
            return value
        case {"type": "json_object" | "json"}:
            return OutputFormat()
        case {"type": "json_schema", "json_schema": Mapping() as told} if _has_schema(told):
            return _of_schema({"strict": value.get("strict"), **told})
        case {"type": "json_schema"} if _has_schema(value):
            return _of_schema(value)
    if isinstance(value, Mapping | str):
        raise ValidationError(
            'a response_format is {"type": "json_object"}, {"type": "json_schema", "json_schema": '
            f'{{"name": …, "schema": …}}}} or a type, not {value!r:.200}'
        )
    return _of_type(value)


def _has_schema(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("schema"), Mapping)


def _of_schema(told: Mapping[str, Any]) -> OutputFormat:
    return OutputFormat(
        told["schema"], told.get("name") or "answer", told.get("description"), told.get("strict")
    )


def _of_type(kind: Any) -> OutputFormat:
    name = getattr(kind, "__name__", "answer")
    if hasattr(kind, "model_json_schema"):
        return OutputFormat(kind.model_json_schema(), name, strict=True, type=kind)
    try:
        schema = msgspec.json.schema(kind)
    except TypeError as error:
        raise ValidationError(
            f"no schema can be made of the response_format {kind!r}: {error}"
        ) from error
    return OutputFormat(schema, name, strict=True, type=kind)
