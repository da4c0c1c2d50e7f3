"""Output formats (any JSON, or JSON of a schema) and the parsing of `response_format`."""

import functools
import re
import sys
from collections.abc import Callable, Hashable, Mapping
from types import UnionType
from typing import Any, Union, get_origin

import msgspec
from msgspec import Struct

from llmring.exceptions import ValidationError
from llmring.plain_data import PlainData


class OutputFormat(Struct, frozen=True):
    """JSON as the format of an answer.

    Attributes:
        schema: The JSON Schema as given; None if any JSON object will do.
        name: The name of the schema that is sent to the vendor.
        description: The description that the model sees.
        strict: True to ask the provider to enforce the schema; None if the caller gave no choice.
        type: The Python type for the parsed answer, if one was given.
        load: Converts JSON to that type; raises ValueError if it does not fit.
    """

    __module__ = "llmring"

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    type: Any = None
    load: Callable[[bytes], Any] | None = None


class SchemaProblem(PlainData, Struct, frozen=True):
    """A place where an answer does not fit the requested format.

    Attributes:
        place: JSON Pointer to it, "/people/0/age"; empty for the whole.
        reason: The reason why it does not fit.
    """

    __module__ = "llmring"

    place: str
    reason: str

    def __str__(self) -> str:
        return f"at {self.place}: {self.reason}" if self.place else self.reason


def parse_format(value: Any) -> OutputFormat | None:
    """Parse a `response_format`; None for plain text.

    Raises:
        ValidationError: The value is not a known format.
    """
    match value:
        case None | {"type": "text"}:
            return None
        case OutputFormat():
            return value
        case {"type": "json_object" | "json"}:
            return _of_json_mode(value)
        case {"type": "json_schema", "json_schema": Mapping() as definition} if _has_schema(
            definition
        ):
            return _of_schema(definition, value.get("strict"))
        case {"type": "json_schema"} if _has_schema(value):
            return _of_schema(value, None)
    if isinstance(value, Mapping | str):
        raise ValidationError(
            'a response_format is {"type": "json_object"}, {"type": "json_schema", "json_schema": '
            f'{{"name": …, "schema": …}}}} or a type, not {value!r:.200}'
        )
    return _of_type(value) if isinstance(value, Hashable) else _of_type.__wrapped__(value)


# The names under which servers take a schema with this mode: "schema" (llama.cpp, Together,
# Fireworks), "json_schema" (Cohere), "response_schema" (LiteLLM), "value" (Hugging Face's TGI).
# https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
# https://docs.fireworks.ai/structured-responses/structured-response-formatting
# https://docs.cohere.com/docs/structured-outputs
# https://docs.litellm.ai/docs/completion/json_mode
# https://huggingface.co/docs/text-generation-inference/conceptual/guidance
_SCHEMA_OF_MODE = ("schema", "json_schema", "response_schema", "value")


def _of_json_mode(value: Mapping[str, Any]) -> OutputFormat:
    for name in _SCHEMA_OF_MODE:
        given = value.get(name)
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise ValidationError(
                f"the {name!r} of the response_format is a JSON Schema, not {given!r:.200}"
            )
        if name == "json_schema" and _has_schema(given):
            return _of_schema(given, value.get("strict"))
        if given:
            return _of_schema({**value, "schema": given}, None)
    return OutputFormat()


def _has_schema(definition: Mapping[str, Any]) -> bool:
    return isinstance(definition.get("schema"), Mapping)


def _of_schema(definition: Mapping[str, Any], strict: bool | None) -> OutputFormat:
    inner = definition.get("strict")
    return OutputFormat(
        definition["schema"],
        definition.get("name") or "answer",
        definition.get("description"),
        strict if inner is None else inner,
    )


@functools.lru_cache(maxsize=128)
def _of_type(kind: Any) -> OutputFormat:
    own = "" if get_origin(kind) in (Union, UnionType) else getattr(kind, "__name__", "")
    # Vendors accept only these characters, and no longer names.
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", own).strip("_")[:64]
    schema, load = _by_pydantic(kind) if _is_pydantic(kind) else _by_msgspec(kind)
    return OutputFormat(schema, name or "answer", strict=True, type=kind, load=load)


def _is_pydantic(kind: Any) -> bool:
    return hasattr(kind, "model_json_schema") or hasattr(kind, "__pydantic_validator__")


def _by_msgspec(kind: Any) -> tuple[dict[str, Any], Callable[[bytes], Any]]:
    try:
        return msgspec.json.schema(kind), msgspec.json.Decoder(kind).decode
    except TypeError as error:
        # Pydantic models inside other types, as in list[Model]: pydantic is then imported already.
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
    return ValidationError(f"cannot make a schema of the response_format {kind!r}: {reason:.300}")
