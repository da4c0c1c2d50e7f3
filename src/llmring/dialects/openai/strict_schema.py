"""The schemas that OpenAI can enforce.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.output_format import OutputFormat
from llmring.json_schema.adapt import SchemaRules, adapted, can_be_strict

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


def schema_to_send(output: OutputFormat, schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the schema to send for an answer, and True if the API is to enforce it.

    It is enforced if the caller sets `strict`; a type given as the format is enforced unless its
    schema would lose its meaning.
    """
    strict = bool(output.strict) and (output.type is None or can_be_strict(schema))
    return adapted(schema, STRICT if strict else LOOSE), strict
