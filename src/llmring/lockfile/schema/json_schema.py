"""The JSON Schema of lockfiles, for completion and checks in editors.

The schema is built from the tables in `keys`. Reading a file and `llmring lock validate` find some
errors that a schema can't:

- relations between two places: an alias bound twice, a profile that extends itself or a missing
  profile;
- unknown providers, since a file may define its own, and keys that only built-in providers may
  leave out;
- TOML types that JSON lacks: to JSON a date is a string, 1.0 is an integer, and nan and inf do not
  exist;
- non-ASCII letters that Python rejects in the name of a package.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from typing import Any

from llmring.lockfile.schema import keys
from llmring.lockfile.schema.shapes import (
    OWN_KEY,
    Anything,
    Choice,
    Day,
    Either,
    Flag,
    Items,
    NamedItems,
    NonNegative,
    Number,
    Outline,
    Shape,
    Table,
    Text,
    Time,
    Whole,
)

# Tables that are used in several places, or should have a name in messages of validators.
_NAMES = {
    "a profile": "profile",
    "a binding": "binding",
    "a policy": "policy",
    "a fault": "fault",
    "prices": "prices",
    "a pin": "pin",
    "a model": "model",
}

Schema = dict[str, Any]

_SCALARS: dict[type, Schema] = {
    Anything: {},
    Text: {"type": "string"},
    Flag: {"type": "boolean"},
    Time: {"type": "string"},
    Day: {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    Number: {"type": "number", "exclusiveMinimum": 0},
    NonNegative: {"type": "number", "minimum": 0},
}


def document() -> Schema:
    """Build the schema as a JSON document."""
    definitions: dict[str, Schema] = {}
    whole = _table(keys.LOCKFILE, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:llmring:lockfile:1",
        "title": "llmring.lock",
        **whole,
        "$defs": definitions,
    }


def _schema(shape: Shape, definitions: dict[str, Schema]) -> Schema:
    """Build the schema of a shape; tables with a name are added to the definitions."""
    if isinstance(shape, Outline):
        return _schema(shape.whole, definitions)
    about = {"description": shape.about} if shape.about else {}
    name = _NAMES.get(shape.owner) if isinstance(shape, Table) else None
    if name is None:
        return {**about, **_bare(shape, definitions)}
    if name not in definitions and isinstance(shape, Table):
        definitions[name] = _table(shape, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _bare(shape: Shape, definitions: dict[str, Schema]) -> Schema:
    """Build the schema of a shape without its description."""
    match shape:
        case Items(each=each, least=least):
            items = {"type": "array", "items": _schema(each, definitions)}
            return items | ({"minItems": least} if least else {})
        case NamedItems(each=Anything()):
            return {"type": "object"}
        case NamedItems(each=each, key=key):
            names = {"propertyNames": _scalar(key)} if key else {}
            return {"type": "object", **names, "additionalProperties": _schema(each, definitions)}
        case Either(options=options):
            return {"anyOf": [_schema(option, definitions) for option in options]}
        case Table():
            return _table(shape, definitions)
        case _:
            return _scalar(shape)


def _scalar(shape: Shape) -> Schema:
    """Build the schema of a shape that holds no other values."""
    match shape:
        case Text(pattern=str(pattern)):
            return {"type": "string", "pattern": f"^{pattern}$"}
        case Choice(options=options):
            return {"enum": [*options]}
        case Whole(least=least):
            return {"type": "integer", "minimum": least}
        case _:
            return _SCALARS[type(shape)]


def _table(table: Table, definitions: dict[str, Schema]) -> Schema:
    properties = {key: _schema(shape, definitions) for key, shape in table.keys.items()}
    return {
        **({"description": table.about} if table.about else {}),
        "type": "object",
        "properties": properties,
        "patternProperties": {f"^{OWN_KEY}": {}},
        "additionalProperties": False,
        **({"required": [*table.required]} if table.required else {}),
    }
