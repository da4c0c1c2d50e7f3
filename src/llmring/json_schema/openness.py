"""Parts of a schema that strict mode would forbid, because they are open.

Strict mode closes every object, so it can't express properties of any name.
https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from llmring.json_schema.references import resolved
from llmring.json_schema.tree import (
    CHOICES,
    children,
    describes_array,
    describes_object,
    pointer,
    reference,
    standard,
    target,
)


def can_be_strict(schema: Mapping[str, Any]) -> bool:
    """Check that closing all objects and requiring all properties keeps the schema's meaning.

    See `open_place`. An API that needs closed objects must otherwise be asked without `strict`;
    the answer is validated against the schema anyway. A root that is not an object does not
    matter: see `SchemaRules.needs_object`.
    """
    return open_place(schema) is None


def open_place(schema: Mapping[str, Any]) -> str | None:
    """Return the first part, as a JSON Pointer, that closing all objects would narrow; or None.

    These are: an object whose property names are not all known (`additionalProperties`,
    `patternProperties`, or no properties), or are divided between itself and a choice; a schema
    that accepts anything; an array of anything; a `$ref` without a target.

    Raises:
        ValidationError: The value is not a JSON Schema.
    """
    root = standard(resolved(schema))
    return _open(root, root, "", set())


def _open(
    root: Mapping[str, Any], schema: Mapping[str, Any] | bool, place: str, seen: set[str]
) -> str | None:
    """Return the first open part of a schema; `seen` holds the visited references."""
    if isinstance(schema, bool):
        return place if schema else None
    parts: list[tuple[str, Mapping[str, Any] | bool]] = [
        (place + pointer(way), part) for way, part in children(schema) if way[0] not in _APART
    ]
    ref = reference(schema)
    if ref is not None and ref not in seen:
        seen.add(ref)
        found = target(root, ref)
        parts.insert(0, (place, True) if found is None else (unquote(ref[1:]), found))
    if not _is_specific(schema) or _is_divided(root, schema):
        return place
    inner = (_open(root, part, where, seen) for where, part in parts)
    return next((each for each in inner if each is not None), None)


# Looked at where they are referred to, and as part of the object.
_APART = frozenset(("$defs", "definitions", "additionalProperties"))


def _is_specific(schema: Mapping[str, Any]) -> bool:
    if describes_object(schema):
        names = schema.get("properties", {}).keys()
        return (
            schema.get("additionalProperties", False) is False
            and schema.keys().isdisjoint(_OPEN)
            and names >= set(schema.get("required", ()))
            and bool(names or not schema.keys().isdisjoint(("additionalProperties", "allOf")))
        )
    if "$ref" in schema and reference(schema) is None:
        return False
    if describes_array(schema):
        return not schema.keys().isdisjoint(("items", "prefixItems"))
    return not schema.keys().isdisjoint(("type", "enum", "const", "$ref", "allOf", *CHOICES))


_OPEN = frozenset(("patternProperties", "propertyNames", "unevaluatedProperties"))


def _is_divided(root: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Return True if an object has properties of its own and others by a choice.

    Closed, each of the two would forbid the properties of the other.
    """
    if schema.keys().isdisjoint(_COMBINED):
        return False
    parts = list(_conjoined(root, schema, frozenset()))
    branches = [
        branch
        for part in parts
        for keyword in CHOICES
        for branch in part.get(keyword, ())
        if isinstance(branch, Mapping)
    ]
    return any(map(describes_object, parts)) and any(
        describes_object(each)
        for branch in branches
        for each in _conjoined(root, branch, frozenset())
    )


_COMBINED = frozenset(("$ref", "allOf", *CHOICES))


def _conjoined(
    root: Mapping[str, Any], schema: Mapping[str, Any], seen: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that all apply to what this schema applies to."""
    yield schema
    ref = reference(schema)
    if ref is not None and ref not in seen:
        found = target(root, ref)
        if found is not None:
            yield from _conjoined(root, found, seen | {ref})
    for each in schema.get("allOf", ()):
        if isinstance(each, Mapping):
            yield from _conjoined(root, each, seen)
