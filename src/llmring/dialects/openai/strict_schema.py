"""The schemas that OpenAI can enforce.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.output_format import OutputFormat
from llmring.json_schema.adapt import SchemaRules, adapted
from llmring.json_schema.once import once_per_schema
from llmring.json_schema.openness import can_be_strict
from llmring.json_schema.parameters import ParameterRules

STRICT = SchemaRules(
    keywords=frozenset(
        {
            "$defs",
            "$ref",
            "additionalProperties",
            "anyOf",
            "const",
            "definitions",
            "description",
            "enum",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "format",
            "items",
            "maxItems",
            "maximum",
            "minItems",
            "minimum",
            "multipleOf",
            "pattern",
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
            "uuid",
        )
    },
    closes_objects=True,
    requires_all=True,
    needs_object=True,
)

# Without `strict` the API accepts any keyword, but still requires an object.
LOOSE = SchemaRules(needs_object=True)

# The rules for the parameters of functions are known from the API's errors: "object schema missing
# properties", "array schema missing items", "schema must have type 'object' and not have 'oneOf'/
# 'anyOf'/'allOf'/'enum'/'not' at the top level".
# https://github.com/langchain-ai/langchain-mcp-adapters/issues/137
# https://github.com/mark3labs/mcphost/issues/35
# https://github.com/langchain-ai/langchainjs/issues/9804
_PARAMETERS = SchemaRules(plain_root=True, needs_items=True)
PARAMETERS = ParameterRules(usual=_PARAMETERS, strict=STRICT)
# Servers that enforce any schema on answers do so on arguments too.
PARAMETERS_OF_ANY_SCHEMA = ParameterRules(usual=_PARAMETERS)


def schema_to_send(output: OutputFormat, schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the schema to send for an answer, and True if the API is to enforce it.

    It is enforced if the caller sets `strict`, or gives a type, unless its schema would lose its
    meaning.
    """
    return _enforced(schema) if output.strict else (_loose(schema), False)


@once_per_schema
def _enforced(schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    strict = can_be_strict(schema)
    return adapted(schema, STRICT if strict else LOOSE), strict


@once_per_schema
def _loose(schema: Mapping[str, Any]) -> dict[str, Any]:
    return adapted(schema, LOOSE)
