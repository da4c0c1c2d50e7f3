"""JSON answers from Anthropic: by the API's own format, a forced tool, or a prompt.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.output_format import OutputFormat
from llmring.dialects.enforcement import asked_in_words
from llmring.json_schema.adapt import (
    WRAPPER,
    SchemaRules,
    adapted,
    is_object,
    is_recursive,
)
from llmring.json_schema.once import once_per_schema
from llmring.json_schema.openness import can_be_strict
from llmring.json_schema.parameters import ParameterRules
from llmring.json_schema.prompt import json_instruction

# The schemas that the API can enforce on an answer, or on the input of a strict tool.
RULES = SchemaRules(
    keywords=frozenset(
        {
            "$defs",
            "$ref",
            "additionalProperties",
            "allOf",
            "anyOf",
            "const",
            "default",
            "definitions",
            "description",
            "enum",
            "format",
            "items",
            "minItems",
            "properties",
            "required",
            "title",
            "type",
        }
    ),
    values={
        "format": (
            "date",
            "date-time",
            "duration",
            "email",
            "hostname",
            "ipv4",
            "ipv6",
            "time",
            "uri",
            "uuid",
        ),
        "minItems": (0, 1),
    },
    closes_objects=True,
)

# The tools whose input is the answer. A reply does not refer to its request, so these names are
# what distinguishes an answer from a call.
ANSWER = "llmring_answer"
# The input of a tool must be an object; any other answer is wrapped in a property of it.
WRAPPED_ANSWER = "llmring_answer_value"

_AS_TOOL = SchemaRules(needs_object=True)

# The parameters of functions: the API refuses a choice at the root of their schema, and a strict
# schema that refers to itself.
# https://github.com/anthropics/claude-code/issues/5319
# https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
_PARAMETERS = SchemaRules(plain_root=True)
PARAMETERS = ParameterRules(usual=_PARAMETERS, strict=RULES, recursive=False, any_names=False)


class MessagesOutputFields(Struct, frozen=True):
    """The parts of a request that ask for JSON.

    Attributes:
        format: For `output_config`.
        tool: A tool by which the model is to answer.
        words: Instructions for the system prompt.
        notes: Remarks on what the API can't enforce.
    """

    format: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None
    words: str | None = None
    notes: tuple[str, ...] = ()


def output_fields(
    output: OutputFormat | None, *, native: bool, forcible: bool
) -> MessagesOutputFields:
    """Choose the way to ask for this output format.

    Args:
        output: The format; None for text.
        native: True if the API can enforce a schema for this model.
        forcible: True if the model can be forced to call a tool, which is impossible with thinking.
    """
    if output is None:
        return MessagesOutputFields()
    if output.schema is None:
        # The API has no JSON mode without a schema.
        return MessagesOutputFields(words=json_instruction(None))
    schema = _enforceable(output.schema) if native else None
    if schema is not None:
        return MessagesOutputFields(format={"type": "json_schema", "schema": schema})
    notes = asked_in_words(output)
    if native or not forcible:
        return MessagesOutputFields(words=json_instruction(output.schema), notes=notes)
    return MessagesOutputFields(tool=_tool(output, output.schema), notes=notes)


@once_per_schema
def _enforceable(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema that the API can enforce for this one, if any."""
    if not can_be_strict(schema) or is_recursive(schema):
        return None
    return adapted(schema, RULES)


@once_per_schema
def _of_tool(schema: Mapping[str, Any]) -> dict[str, Any]:
    return adapted(schema, _AS_TOOL)


def _tool(output: OutputFormat, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": ANSWER if is_object(schema) else WRAPPED_ANSWER,
        "description": output.description or f"Takes your answer ({output.name}).",
        "input_schema": _of_tool(schema),
    }


def unwrapped(arguments: str) -> str:
    """Extract the answer, as JSON, from the input of the tool for answers that are not objects."""
    try:
        return bytes(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])[WRAPPER]).decode()
    except (msgspec.DecodeError, KeyError):
        # Incomplete, or not in the requested format: pass it on as it is.
        return arguments
