"""JSON as the form of Anthropic's answers: the API's own format, a forced tool, or words.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.output import OutputFormat
from llmring.dialects.json_schema import (
    WRAPPER,
    SchemaRules,
    adapted,
    can_be_strict,
    is_object,
    is_recursive,
)
from llmring.dialects.json_words import in_words

# Schemas that the API holds an answer to, or the input of a strict tool.
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

# The tools whose input is the answer. A reply does not say what its request was, so it is by
# these names that an answer is told from a call.
ANSWER = "llmring_answer"
# Where the answer is no object, as the input of a tool must be, it is the one property of it.
WRAPPED_ANSWER = "llmring_answer_value"

_AS_TOOL = SchemaRules(needs_object=True)


class Asked(Struct, frozen=True):
    """How a request asks for JSON.

    Attributes:
        format: For `output_config`.
        tool: A tool that the model is to answer by.
        words: For the system prompt.
    """

    format: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None
    words: str | None = None


def asked(output: OutputFormat | None, *, native: bool, forcible: bool) -> Asked:
    """How to ask for this form of an answer.

    Args:
        output: The form; None for text.
        native: Whether the model can be held to a schema.
        forcible: Whether it can be made to use a tool, which it can't while it thinks.
    """
    if output is None:
        return Asked()
    if output.schema is None:
        # The API has no JSON mode without a schema.
        return Asked(words=in_words(None))
    if native and can_be_strict(output.schema) and not is_recursive(output.schema):
        schema = adapted(output.schema, RULES)
        return Asked(format={"type": "json_schema", "schema": schema})
    if native or not forcible:
        return Asked(words=in_words(output.schema))
    return Asked(tool=_tool(output, output.schema))


def _tool(output: OutputFormat, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": ANSWER if is_object(schema) else WRAPPED_ANSWER,
        "description": output.description or f"Takes your answer ({output.name}).",
        "input_schema": adapted(schema, _AS_TOOL),
    }


def unwrapped(arguments: str) -> str:
    """The answer in the input of the tool for answers that are no objects, as JSON."""
    try:
        return bytes(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])[WRAPPER]).decode()
    except (msgspec.DecodeError, KeyError):
        # Cut short, or not in the form that was asked for: what there is shows it best.
        return arguments
