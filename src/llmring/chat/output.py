"""The form that an answer is asked for: any JSON, or JSON of a schema; and how people write it."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Hashable, Mapping
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
        load: Turns JSON into that type; raises ValueError where it does not fit.
    """

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    type: Any = None
    load: Callable[[bytes], Any] | None = None


class Misfit(Struct, frozen=True):
    """A place where an answer does not fit the form that was asked for.

    Attributes:
        place: JSON Pointer to it, "/people/0/age"; empty for the whole.
        reason: What does not fit.
    """

    place: str
    reason: str

    def __str__(self) -> str:
        return f"at {self.place}: {self.reason}" if self.place else self.reason


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
            return _of_schema(told, value.get("strict"))
        case {"type": "json_schema"} if _has_schema(value):
            return _of_schema(value, None)
    if isinstance(value, Mapping | str):
        raise ValidationError(
            'a response_format is {"type": "json_object"}, {"type": "json_schema", "json_schema": '
            f'{{"name": …, "schema": …}}}} or a type, not {value!r:.200}'
        )
    return _of_type(value) if isinstance(value, Hashable) else _of_type.__wrapped__(value)


def _has_schema(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("schema"), Mapping)


def _of_schema(told: Mapping[str, Any], strict: bool | None) -> OutputFormat:
    inner = told.get("strict")
    return OutputFormat(
        told["schema"],
        told.get("name") or "answer",
        told.get("description"),
        strict if inner is None else inner,
    )


@functools.lru_cache(maxsize=128)
def _of_type(kind: Any) -> OutputFormat:
    # Vendors take no other characters, and no more.
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", getattr(kind, "__name__", "")).strip("_")[:64]
    schema, load = _by_pydantic(kind) if _is_pydantic(kind) else _by_msgspec(kind)
    return OutputFormat(schema, name or "answer", strict=True, type=kind, load=load)


def _is_pydantic(kind: Any) -> bool:
    return hasattr(kind, "model_json_schema") or hasattr(kind, "__pydantic_validator__")


def _by_msgspec(kind: Any) -> tuple[dict[str, Any], Callable[[bytes], Any]]:
    try:
        return msgspec.json.schema(kind), msgspec.json.Decoder(kind).decode
    except TypeError as error:
        # Nobody who has pydantic's models in a list has not imported it.
        if "pydantic" in sys.modules:
            return _by_pydantic(kind)
        raise _not_a_form(kind, error) from error


def _by_pydantic(kind: Any) -> tuple[dict[str, Any], Callable[[bytes], Any]]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        adapter = TypeAdapter(kind)
        return adapter.json_schema(), adapter.validate_json
    except (PydanticUserError, NameError) as error:
        raise _not_a_form(kind, error) from error


def _not_a_form(kind: Any, error: Exception) -> ValidationError:
    reason = " ".join(str(error).split())
    return ValidationError(f"no schema can be made of the response_format {kind!r}: {reason:.300}")
