"""Schemas of tools as servers and programs write them, brought into the form of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.json_schema.tree import DEFINITIONS, LIMITS, LISTED, NAMED, SINGLE, is_well_formed

_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
_EXCLUSIVE = {"exclusiveMaximum": "maximum", "exclusiveMinimum": "minimum"}
_TEXTS = frozenset(("description", "title"))
# Keywords that allow nothing if their list is empty, or no list that a server accepts.
_NOT_EMPTY = frozenset(("allOf", "anyOf", "enum", "items", "oneOf", "prefixItems"))


def tidied(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without what no API can read, so that one bad tool stops no request.

    Keywords with a value that they can't have (null for a list) are left out; types are written
    as JSON Schema does ("STRING" of Google's API, "any"); `required: true` in a property and
    `exclusiveMinimum: true`, of the drafts 3 and 4, are written as they are today.
    https://json-schema.org/understanding-json-schema/reference/schema
    """
    result = {keyword: _value(keyword, value) for keyword, value in schema.items()}
    _name_types(result)
    _use_limits(result)
    _lift_required(result, schema)
    return {keyword: value for keyword, value in result.items() if _is_usable(keyword, value)}


def _value(keyword: str, value: Any) -> Any:
    if isinstance(value, Mapping) and (keyword in NAMED or keyword in DEFINITIONS):
        return {name: _part(each) for name, each in value.items()}
    if isinstance(value, list | tuple) and keyword in LISTED:
        return [_part(each) for each in value if isinstance(each, Mapping | bool)]
    if keyword in SINGLE and (isinstance(value, Mapping) or keyword == "items"):
        return _part(value)
    return value


def _part(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tidied(value)
    if isinstance(value, str) and value.lower() in _TYPES:
        return {"type": value.lower()}
    return value if value is False else {}


def _is_usable(keyword: str, value: Any) -> bool:
    if keyword in _TEXTS:
        return isinstance(value, str)
    if keyword in _NOT_EMPTY and isinstance(value, list | tuple) and not value:
        return False
    if keyword in LIMITS and isinstance(value, bool):
        return False
    return is_well_formed(keyword, value)


def _name_types(schema: dict[str, Any]) -> None:
    """Write the types by JSON Schema's names; leave them out if any type will do."""
    if "type" not in schema:
        return
    value = schema.pop("type")
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return
    kinds = list(dict.fromkeys(each.lower() for each in given if isinstance(each, str)))
    if kinds and _TYPES.issuperset(kinds):
        rest = dict(schema)
        schema.clear()
        schema |= {"type": kinds[0] if isinstance(value, str) else kinds, **rest}


def _use_limits(schema: dict[str, Any]) -> None:
    for exclusive, limit in _EXCLUSIVE.items():
        if isinstance(schema.get(exclusive), bool):
            excludes = schema.pop(exclusive)
            if excludes and limit in schema:
                schema[exclusive] = schema.pop(limit)


def _lift_required(result: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Add properties that call themselves required to the list of their object."""
    properties = schema.get("properties")
    named = properties.items() if isinstance(properties, Mapping) else ()
    marked = [
        name for name, each in named if isinstance(each, Mapping) and each.get("required") is True
    ]
    listed = result.get("required")
    if marked or isinstance(listed, list | tuple):
        names = listed if isinstance(listed, list | tuple) else ()
        result["required"] = list(dict.fromkeys((*filter(_is_text, names), *marked)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
