"""Building blocks of JSON Schemas.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 2**53}
TOKENS: Schema = {"type": "integer", "minimum": 0}
OBJECT: Schema = {"type": "object"}


def table(required: str = "", /, **fields: Schema) -> Schema:
    """Return the schema of an object, which may have further fields.

    Args:
        required: The names of the fields that must be there, with spaces between them.
        fields: The schemas of the fields.
    """
    found: Schema = {"type": "object", "properties": fields}
    return {**found, "required": required.split()} if required else found


def several(item: Schema, least: int = 0) -> Schema:
    """Return the schema of a list.

    Args:
        item: The schema of its items.
        least: How many it must have.
    """
    found: Schema = {"type": "array", "items": item}
    return {**found, "minItems": least} if least else found


def one_of(*values: str) -> Schema:
    """Return the schema of a text that is one of some values."""
    return {"enum": list(values)}


def either(*schemas: Schema) -> Schema:
    """Return the schema of a value that one of some schemas allows."""
    return {"anyOf": list(schemas)}


def or_null(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return either(schema, {"type": "null"})


def options(required: str = "", /, **fields: Schema) -> Schema:
    """Return the schema of an object whose optional fields may be null, which is as if absent."""
    needed = required.split()
    return table(
        required,
        **{
            name: schema if name in needed or not schema else or_null(schema)
            for name, schema in fields.items()
        },
    )


def reference(name: str) -> Schema:
    """Return a reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}
