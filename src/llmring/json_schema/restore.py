"""Conversion of answers from the adapted schema back to the original one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmring.json_schema.adapt import (
    WRAPPER,
    SchemaRules,
    is_object,
    takes_objects,
    with_choices,
)
from llmring.json_schema.property_names import are_fit, names_back
from llmring.json_schema.references import resolved
from llmring.json_schema.tidy import tidied
from llmring.json_schema.tree import reference, standard, takes_null, target


def unwrapped(value: Any, schema: Mapping[str, Any]) -> Any:
    """Unwrap an answer from its wrapper object, unless it could be a valid object itself."""
    if not _is_wrapper(value, schema):
        return value
    root = standard(resolved(schema))
    of_object = [facet for facet in _facets(value, root, root, frozenset()) if _is_open(facet)]
    return value if of_object else value[WRAPPER]


def read_back(value: Any, schema: Mapping[str, Any]) -> Any:
    """Undo in an answer what `adapted` asked of the model: the wrapper, and null as a filler.

    Args:
        value: An answer that does not fit the schema as it is.
        schema: The original schema.
    """
    root = standard(resolved(schema))
    if _is_wrapper(value, schema):
        value = value[WRAPPER]
    return _without_fillers(value, [root], root)


def arguments_back(arguments: Any, parameters: Mapping[str, Any], *, strict: bool) -> Any:
    """Undo in the arguments of a call what was asked of the model in place of the parameters.

    Args:
        arguments: The arguments that the model gave.
        parameters: The original schema of the parameters.
        strict: True if the model had to give every argument.
    """
    root = standard(resolved(tidied(parameters)))
    if isinstance(arguments, dict) and arguments.keys() == {WRAPPER} and not takes_objects(root):
        arguments = arguments[WRAPPER]
    elif isinstance(arguments, dict) and not are_fit(names := _names(root)):
        arguments = names_back(arguments, names)
    return _without_fillers(arguments, [root], root) if strict else arguments


def has_other_names(parameters: Mapping[str, Any]) -> bool:
    """Return True if an API may get other names for these parameters."""
    return not are_fit(_names(parameters))


def _names(parameters: Mapping[str, Any]) -> list[str]:
    """Return the names of all parameters, in the order in which they are offered."""
    if _ELSEWHERE.isdisjoint(parameters):
        named = (parameters.get("properties") or (), parameters.get("required") or ())
        return list(dict.fromkeys(name for names in named for name in names))
    plain, _ = with_choices(tidied(parameters), SchemaRules(plain_root=True))
    return list(plain["properties"])


# Keywords of a root that bring properties from other schemas.
_ELSEWHERE = frozenset(("$dynamicRef", "$recursiveRef", "$ref", "allOf", "anyOf", "oneOf"))


def _is_wrapper(value: Any, schema: Mapping[str, Any]) -> bool:
    return isinstance(value, dict) and value.keys() == {WRAPPER} and not is_object(schema)


def _is_open(facet: Mapping[str, Any]) -> bool:
    """Return True if this schema itself may allow an object with the wrapper's property."""
    kind = facet.get("type", "object")
    if not facet.keys().isdisjoint(_COMPOSITE) or (kind != "object" and "object" not in kind):
        return False
    others = facet.get("additionalProperties")
    return WRAPPER in facet.get("properties", (WRAPPER,)) or bool(others)


# Keywords that define an object elsewhere, or list its values.
_COMPOSITE = frozenset(("$ref", "allOf", "anyOf", "const", "enum", "oneOf"))


def _without_fillers(value: Any, schemas: list[Mapping[str, Any]], root: Mapping[str, Any]) -> Any:
    if not isinstance(value, dict | list) or not schemas:
        return value
    facets = [facet for schema in schemas for facet in _facets(value, schema, root, frozenset())]
    if isinstance(value, list):
        return [_without_fillers(each, _of_item(at, facets), root) for at, each in enumerate(value)]
    result = {}
    for name, each in value.items():
        schemas = _of_property(name, facets)
        if each is None and _is_filler(name, schemas, facets, root):
            continue
        result[name] = _without_fillers(each, schemas, root)
    return result


def _is_filler(
    name: str,
    schemas: list[Mapping[str, Any]],
    facets: list[Mapping[str, Any]],
    root: Mapping[str, Any],
) -> bool:
    """Return True if null is a filler for an omitted property."""
    if not schemas or any(name in facet.get("required", ()) for facet in facets):
        return False
    return not any(takes_null(root, schema) for schema in schemas)


def _facets(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], seen: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that may apply to the content of an object or array."""
    yield schema
    ref = reference(schema)
    if ref is not None and ref not in seen:
        found = target(root, ref)
        if found is not None:
            yield from _facets(value, found, root, seen | {ref})
    for each in schema.get("allOf", ()):
        if isinstance(each, Mapping):
            yield from _facets(value, each, root, seen)
    for keyword in ("anyOf", "oneOf"):
        branches = [
            list(_facets(value, each, root, seen))
            for each in schema.get(keyword, ())
            if isinstance(each, Mapping)
        ]
        # A model that had to give every property gave exactly those of the branch that it chose.
        exact = [branch for branch in branches if _is_just(value, branch)]
        for branch in exact or branches:
            yield from branch


def _is_just(value: Any, facets: list[Mapping[str, Any]]) -> bool:
    if not isinstance(value, dict):
        return False
    properties: dict[str, Any] = {}
    for facet in facets:
        properties |= facet.get("properties", {})
    return value.keys() == properties.keys() and all(
        not isinstance(each, Mapping)
        or (each.get("const", value[name]) == value[name] and _is_one_of(value[name], each))
        for name, each in properties.items()
    )


def _is_one_of(value: Any, schema: Mapping[str, Any]) -> bool:
    return value is None or "enum" not in schema or value in schema["enum"]


def _of_property(name: str, facets: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    named = [facet["properties"][name] for facet in facets if name in facet.get("properties", ())]
    found = named or [facet.get("additionalProperties") for facet in facets]
    return [each for each in found if isinstance(each, Mapping)]


def _of_item(at: int, facets: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found = []
    for facet in facets:
        first = facet.get("prefixItems", ())
        found.append(first[at] if at < len(first) else facet.get("items"))
    return [each for each in found if isinstance(each, Mapping)]
