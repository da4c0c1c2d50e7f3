"""The form of an answer as given on the command line: a file, JSON, or a short list of fields."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from llmring.exceptions import ValidationError

_TYPES = {
    "str": "string",
    "string": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
}

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?:\s+([a-z]+)(\[\])?)?\s*(?::(.*))?", re.DOTALL)


def read_schema(text: str) -> dict[str, Any]:
    """Return the JSON Schema that an option gives: inline, in a file, or in the short form.

    Raises:
        ValidationError: It is not a schema, or the file can't be read.
    """
    if text.lstrip().startswith("{"):
        return _parsed(text, "the schema")
    path = Path(text)
    if text.endswith(".json") or _exists(path):
        try:
            return _parsed(path.read_text(encoding="utf-8"), text)
        except UnicodeDecodeError:
            raise ValidationError(f"{text} is not UTF-8 text") from None
        except OSError as error:
            raise ValidationError(f"can't read {text}: {error.strerror or error}") from None
    return short_schema(text)


def short_schema(text: str) -> dict[str, Any]:
    """Return the JSON Schema of an object with these fields: "name str, age int: in years".

    A field has a name, then a type (str, int, float or bool; str if left out; with `[]` for a
    list), then a colon and a description. Fields are separated by commas, or by line breaks, and
    then descriptions may contain commas.

    Raises:
        ValidationError: A field has another form.
    """
    pieces = text.split("\n" if "\n" in text.strip() else ",")
    properties: dict[str, Any] = {}
    for piece in filter(None, map(str.strip, pieces)):
        found = _FIELD.fullmatch(piece)
        kind = _TYPES.get(found[2] or "str") if found else None
        if found is None or kind is None:
            raise ValidationError(
                f"{piece[:60]!r} is not a field of a schema; write a name, then str, int, float or "
                'bool, such as "name str, age int", or name a file of JSON'
            )
        field: dict[str, Any] = {"type": kind}
        if found[3]:
            field = {"type": "array", "items": field}
        if found[4] and found[4].strip():
            field["description"] = found[4].strip()
        if found[1] in properties:
            raise ValidationError(f"the schema has the field {found[1]!r} twice; remove one")
        properties[found[1]] = field
    if not properties:
        raise ValidationError('the schema has no fields; write some, such as "name str, age int"')
    return {"type": "object", "properties": properties, "required": [*properties]}


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that can't be a path
        return False


def _parsed(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{what} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValidationError(f"{what} is not a JSON Schema, which is an object")
    return found
