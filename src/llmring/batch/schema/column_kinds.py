"""The kinds of columns that a JSON Schema has: of fixed types, or JSON where the schema is open.

https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, assert_never

from msgspec import Struct

from llmring.chat.json_text import json_bytes
from llmring.exceptions import ValidationError
from llmring.json_schema.tree import target

_MOST_INTEGER = 2**63


class PlainKind(Struct, frozen=True):
    """Values of one simple type."""

    type: Literal["string", "integer", "number", "boolean"]


class ListKind(Struct, frozen=True):
    """Lists of values of one kind."""

    items: ColumnKind


class RecordKind(Struct, frozen=True):
    """Objects whose properties are known."""

    fields: tuple[SchemaColumn, ...]


class JsonKind(Struct, frozen=True):
    """Values of any type, which tables hold as JSON text."""


ColumnKind = PlainKind | ListKind | RecordKind | JsonKind


class SchemaColumn(Struct, frozen=True):
    """A column: its name, and the kind of its values, each of which may be null."""

    name: str
    kind: ColumnKind


def kind_of(
    part: Any, root: Mapping[str, Any], seen: frozenset[str] = frozenset({"#"})
) -> ColumnKind:
    """Return the kind of the values that a part of a schema allows.

    Args:
        part: The part.
        root: The whole schema, in which references lead to parts.
        seen: The references on the way here; one that leads back to itself is JSON.
    """
    if not isinstance(part, Mapping):
        return JsonKind()
    ref = part.get("$ref")
    if isinstance(ref, str):
        if ref in seen:
            return JsonKind()
        return kind_of(target(root, ref), root, seen | {ref})
    for word in ("anyOf", "oneOf", "allOf"):
        if isinstance(part.get(word), list | tuple) and "properties" not in part:
            return _one_of(part[word], root, seen)
    return _of_types(part, root, seen)


def _of_types(part: Mapping[str, Any], root: Mapping[str, Any], seen: frozenset[str]) -> ColumnKind:
    types = part.get("type") or _types_of_values(part)
    given = types if isinstance(types, list | tuple) else [types]
    names = [name for name in given if name != "null"]
    match names:
        case ["object"]:
            return _object(part, root, seen)
        case ["array"]:
            return ListKind(kind_of(part.get("items"), root, seen))
        case ["integer", "number"] | ["number", "integer"]:
            return PlainKind("number")
        case ["string" | "integer" | "number" | "boolean" as name]:
            return PlainKind(name)
    return JsonKind()


def _one_of(parts: Sequence[Any], root: Mapping[str, Any], seen: frozenset[str]) -> ColumnKind:
    kinds = {
        kind_of(part, root, seen)
        for part in parts
        if not (isinstance(part, Mapping) and part.get("type") == "null")
    }
    if kinds == {PlainKind("integer"), PlainKind("number")}:
        return PlainKind("number")
    return kinds.pop() if len(kinds) == 1 else JsonKind()


def _object(part: Mapping[str, Any], root: Mapping[str, Any], seen: frozenset[str]) -> ColumnKind:
    properties = part.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return JsonKind()
    return RecordKind(
        tuple(SchemaColumn(name, kind_of(inner, root, seen)) for name, inner in properties.items())
    )


_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def _types_of_values(part: Mapping[str, Any]) -> list[str]:
    """Return the types of the values that a part lists, if it lists them."""
    listed = part.get("enum")
    values = [part["const"]] if "const" in part else listed if isinstance(listed, list) else ()
    types = {_TYPES.get(type(value), "") for value in values if value is not None}
    if "properties" in part:
        types.add("object")
    return sorted(types)


def fitted(value: Any, kind: ColumnKind, place: str) -> Any:
    """Return a value of an answer as its column holds it, with null for what is absent.

    Args:
        value: The value.
        kind: The kind of the column.
        place: The path of the value, for messages.

    Raises:
        ValidationError: The value is of another kind, or a whole number of more than 64 bits.
    """
    if value is None or isinstance(kind, JsonKind):
        return value
    match kind:
        case ListKind(items):
            if isinstance(value, list | tuple):
                return [fitted(each, items, f"{place}/{at}") for at, each in enumerate(value)]
        case RecordKind(fields):
            if isinstance(value, Mapping):
                return {
                    each.name: fitted(value.get(each.name), each.kind, f"{place}/{each.name}")
                    for each in fields
                }
        case PlainKind(name):
            found = _plain(value, name)
            if found is not None:
                return found
        case _:
            assert_never(kind)
    raise ValidationError(f"the answer at {place} does not fit its column: {value!r:.100}")


def _plain(value: Any, name: str) -> Any:
    match name:
        case "string" if isinstance(value, str):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return _decimal(value)
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            # JSON Schema counts 3.0 among the integers.
            fits = value == value // 1 and -_MOST_INTEGER <= value < _MOST_INTEGER
            return int(value) if fits else None
    return None


def _decimal(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def arrow_type(kind: ColumnKind) -> Any:
    """Return the Arrow type of a column; pyarrow must be installed."""
    import pyarrow as pa

    match kind:
        case PlainKind(name):
            types = {
                "string": pa.string(),
                "integer": pa.int64(),
                "number": pa.float64(),
                "boolean": pa.bool_(),
            }
            return types[name]
        case ListKind(items):
            return pa.list_(arrow_type(items))
        case RecordKind(fields):
            return pa.struct([(each.name, arrow_type(each.kind)) for each in fields])
        case JsonKind():
            return pa.string()
        case _:
            assert_never(kind)


def table_value(value: Any, kind: ColumnKind) -> Any:
    """Return a fitted value as a table holds it: with JSON text where the schema is open."""
    if value is None:
        return None
    match kind:
        case PlainKind():
            return value
        case ListKind(items):
            return [table_value(each, items) for each in value]
        case RecordKind(fields):
            return {each.name: table_value(value[each.name], each.kind) for each in fields}
        case JsonKind():
            return json_bytes(value).decode()
        case _:
            assert_never(kind)
