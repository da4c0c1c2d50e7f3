"""Schemas in Google's subset of OpenAPI, as JSON Schema.

https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.gemini.field_names import camel

_NESTED = ("items", "additionalProperties")
_LISTS = ("anyOf", "prefixItems", "oneOf", "allOf")
_MAPS = ("properties", "$defs")

# Whole numbers that are 64 bits wide, which JSON has as texts.
_COUNTS = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
)
_NAMES = {"defs": "$defs", "ref": "$ref"}


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as JSON Schema; one that is JSON Schema already stays as it is.

    The order of an object's properties becomes their order in `properties`.
    """
    found: dict[str, Any] = {}
    for key, value in schema.items():
        name = camel(key)
        if value is not None or name in ("default", "example", "const"):
            found[_NAMES.get(name, name)] = _converted(_NAMES.get(name, name), value)
    kind = found.get("type")
    if kind == "type_unspecified":
        del found["type"]
    if found.get("format") == "enum":
        # It marks a text with `enum`, which needs no mark.
        del found["format"]
    if "example" in found:
        found["examples"] = [found.pop("example")]
    order, properties = found.pop("propertyOrdering", None), found.get("properties")
    if isinstance(order, list) and isinstance(properties, dict):
        first = {name: properties[name] for name in order if name in properties}
        found["properties"] = first | properties
    return _nullable(found)


def _converted(name: str, value: Any) -> Any:
    match value:
        case str() if name in _COUNTS and value.isdecimal():
            return int(value)
        case str() if name == "$ref":
            return value.replace("#/defs/", "#/$defs/", 1)
        case Mapping() if name in _MAPS:
            return {key: _nested(each) for key, each in value.items()}
        case list() if name in _LISTS:
            return [_nested(each) for each in value]
    return _type(value) if name == "type" else _nested(value) if name in _NESTED else value


def _nested(value: Any) -> Any:
    return json_schema(value) if isinstance(value, Mapping) else value


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return [_type(each) for each in value]
    return value.lower() if isinstance(value, str) else value


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with null among its types, if `nullable` is true."""
    if found.pop("nullable", None) is not True:
        return found
    if isinstance(kind := found.get("type"), str):
        found["type"] = [kind, "null"]
    if isinstance(choices := found.get("enum"), list):
        found["enum"] = [*choices, None]
    if isinstance(choices := found.get("anyOf"), list):
        found["anyOf"] = [*choices, {"type": "null"}]
    return found
