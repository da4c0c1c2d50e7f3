"""Types of Arrow for JSON Schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmring.json_schema.tree import CHOICES, target

# Schemas nested deeper, such as those that refer to themselves, become JSON text.
_DEEPEST = 16


def arrow_type(pa: Any, schema: Any) -> Any:
    """Return the type for the values of a JSON Schema; text, for JSON, if it has no type.

    Args:
        pa: The package pyarrow.
        schema: The schema, with its definitions.
    """
    return _type(pa, schema, schema, 0) or pa.string()


def _type(pa: Any, schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth >= _DEEPEST:
        return None
    parts = _alternatives(schema, root)
    if parts:
        return _common(_type(pa, each, root, depth + 1) for each in parts)
    kinds = _kinds(schema)
    if kinds == {"array"} and "prefixItems" not in schema:
        return pa.list_(_type(pa, schema.get("items"), root, depth + 1) or pa.string())
    if kinds == {"object"}:
        return _struct(pa, schema, root, depth)
    plain: Mapping[frozenset[str | None], Any] = {
        frozenset({"string"}): pa.string(),
        frozenset({"integer"}): pa.int64(),
        frozenset({"number"}): pa.float64(),
        frozenset({"integer", "number"}): pa.float64(),
        frozenset({"boolean"}): pa.bool_(),
    }
    return plain.get(kinds)


def _alternatives(schema: Mapping[str, Any], root: Any) -> list[Any]:
    """Return the schemas of which one describes the values; none if this one does."""
    if "$ref" in schema:
        return [target(root, str(schema["$ref"]))]
    for keyword in CHOICES:
        if keyword in schema:
            return [each for each in schema[keyword] if each != {"type": "null"}]
    every = schema.get("allOf", [])
    return list(every) if len(every) == 1 else []


def _common(types: Iterable[Any]) -> Any:
    found = list(types)
    return found[0] if all(each == found[0] for each in found) else None


def _kinds(schema: Mapping[str, Any]) -> frozenset[str | None]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset({kind})
    if isinstance(kind, list):
        return frozenset(kind) - {"null"}
    values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    names: Mapping[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return frozenset(names.get(type(value)) for value in values if value is not None)


def _struct(pa: Any, schema: Mapping[str, Any], root: Any, depth: int) -> Any:
    """Return the type of an object; None if it may have other properties than it names."""
    properties = schema.get("properties")
    if not properties or schema.get("additionalProperties") or schema.get("patternProperties"):
        return None
    parts = {name: _type(pa, each, root, depth + 1) for name, each in properties.items()}
    return pa.struct([pa.field(name, each or pa.string()) for name, each in parts.items()])
