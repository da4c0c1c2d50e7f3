"""Traversal of JSON Schemas: their subschemas and the targets of their references.

https://json-schema.org/draft/2020-12/json-schema-core
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from llmring.exceptions import ValidationError

# Keywords whose value is a schema, a list of schemas, or schemas by name.
SINGLE = frozenset(
    (
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
LISTED = frozenset(("allOf", "anyOf", "items", "oneOf", "prefixItems"))
NAMED = frozenset(("dependentSchemas", "patternProperties", "properties"))
LIMITS = (
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
)
# Schemas that apply only where they are referred to.
DEFINITIONS = frozenset(("$defs", "definitions"))
# Of several schemas, at least or exactly one applies.
CHOICES = frozenset(("anyOf", "oneOf"))
_OF_OBJECTS = frozenset(("properties", "required", "additionalProperties"))


def mapped(
    schema: Mapping[str, Any], change: Callable[[Mapping[str, Any] | bool], Any]
) -> dict[str, Any]:
    """Copy a schema, with every direct subschema changed."""
    return {keyword: _mapped(keyword, value, change) for keyword, value in schema.items()}


def _mapped(keyword: str, value: Any, change: Callable[[Mapping[str, Any] | bool], Any]) -> Any:
    match value:
        case Mapping() if keyword in NAMED or keyword in DEFINITIONS:
            return {
                name: change(each) if isinstance(each, Mapping | bool) else each
                for name, each in value.items()
            }
        case Mapping() | bool() if keyword in SINGLE:
            return change(value)
        case list() | tuple() if keyword in LISTED:
            return [change(each) if isinstance(each, Mapping | bool) else each for each in value]
        case _:
            return value


def within(schema: Mapping[str, Any]) -> list[Mapping[str, Any] | bool]:
    """List the direct subschemas of a schema, except its definitions."""
    found: list[Mapping[str, Any] | bool] = []
    mapped({k: v for k, v in schema.items() if k not in DEFINITIONS}, found.append)
    return found


def children(
    schema: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any] | bool]]:
    """Yield the direct subschemas of a schema, definitions too, each with the steps to it."""
    for keyword, value in schema.items():
        if isinstance(value, Mapping) and (keyword in NAMED or keyword in DEFINITIONS):
            for name, each in value.items():
                if isinstance(each, Mapping | bool):
                    yield (keyword, name), each
        elif isinstance(value, Mapping | bool) and keyword in SINGLE:
            yield (keyword,), value
        elif isinstance(value, list | tuple) and keyword in LISTED:
            for at, each in enumerate(value):
                if isinstance(each, Mapping | bool):
                    yield (keyword, str(at)), each


def pointer(steps: Iterable[str]) -> str:
    """Return the JSON Pointer of these steps; empty for none."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def describes_object(schema: Mapping[str, Any]) -> bool:
    """Return True if a schema itself has rules for objects."""
    kind = schema.get("type")
    if kind is None:
        return not schema.keys().isdisjoint(_OF_OBJECTS)
    return kind == "object" or (isinstance(kind, list | tuple) and "object" in kind)


def describes_array(schema: Mapping[str, Any]) -> bool:
    """Return True if a schema lists arrays among its types."""
    kind = schema.get("type")
    return kind == "array" or (isinstance(kind, list | tuple) and "array" in kind)


def standard(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a schema, with widespread older keywords converted to the current standard.

    OpenAPI's `nullable` becomes the type null, and a list of `items` becomes `prefixItems`.
    https://spec.openapis.org/oas/v3.0.3#schema-object

    Raises:
        ValidationError: The value is not a JSON Schema.
    """
    for keyword, value in schema.items():
        if not is_well_formed(keyword, value):
            raise ValidationError(
                f"not a JSON Schema: {keyword!r} is {value!r:.100} in {schema!r:.300}"
            )
    result = mapped(schema, lambda each: standard(each) if isinstance(each, Mapping) else each)
    if isinstance(result.get("items"), list):
        result["prefixItems"] = result.pop("items")
        if "additionalItems" in result:
            result["items"] = result.pop("additionalItems")
    if isinstance(result.get("nullable"), bool) and result.pop("nullable"):
        return or_null(result)
    return result


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_schema, value))


def _are_named_schemas(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_schema, value.values()))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


# The kinds of value that a keyword may have.
_SHAPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(LIMITS, lambda value: isinstance(value, int | float)),
    **dict.fromkeys(SINGLE, _is_schema),
    **dict.fromkeys(LISTED, _are_schemas),
    **dict.fromkeys((*NAMED, *DEFINITIONS), _are_named_schemas),
    "items": lambda value: _is_schema(value) or _are_schemas(value),
    "enum": lambda value: isinstance(value, list | tuple),
    "required": _are_texts,
    "type": lambda value: isinstance(value, str) or _are_texts(value),
}


def is_well_formed(keyword: str, value: Any) -> bool:
    """Return True if a keyword may have this kind of value; True for unknown keywords."""
    return keyword not in _SHAPES or _SHAPES[keyword](value)


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Extend a schema that does not accept null so that it does."""
    result = dict(schema)
    kind = result.get("type")
    kinds = [kind] if isinstance(kind, str) else list(kind or ())
    if not result.keys() & _BEYOND_TYPE and (kinds or "enum" in result):
        if kinds:
            result["type"] = [*kinds, *(() if "null" in kinds else ("null",))]
        if "enum" in result:
            result["enum"] = [*result["enum"], *(() if None in result["enum"] else (None,))]
        return result
    outer = {key: result.pop(key) for key in _ANNOTATIONS if key in result}
    if result.keys() == {"anyOf"}:
        return {"anyOf": [*result["anyOf"], {"type": "null"}], **outer}
    return {"anyOf": [result, {"type": "null"}], **outer}


# With one of these keywords, adding to `type` is not enough for a schema to accept null.
_BEYOND_TYPE = frozenset(("$ref", "allOf", "anyOf", "const", "if", "not", "oneOf"))
_ANNOTATIONS = ("title", "description", "default")


def reference(schema: Mapping[str, Any]) -> str | None:
    """Return the reference of a schema, if it has one."""
    ref = schema.get("$ref")
    return ref if isinstance(ref, str) else None


def target(root: Mapping[str, Any], ref: str) -> Mapping[str, Any] | None:
    """Return the target of a reference within this document, or None."""
    if ref != "#" and not ref.startswith("#/"):
        return None  # elsewhere, or an anchor
    found: Any = root
    for step in unquote(ref[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, list | tuple) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found if isinstance(found, Mapping) else {} if found is True else None


def recursive(root: Mapping[str, Any]) -> frozenset[str]:
    """Find the references that lead back to themselves, in any number of steps."""
    graph: dict[str, set[str]] = {}
    waiting = list(_references(root))
    while waiting:
        ref = waiting.pop()
        if ref not in graph:
            found = target(root, ref)
            graph[ref] = set(_references(found)) if found is not None else set()
            waiting += graph[ref]
    return frozenset(ref for ref in graph if ref in _reached(graph, ref))


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += graph[ref]
    return reached


def _references(schema: Mapping[str, Any]) -> Iterator[str]:
    ref = reference(schema)
    if ref is not None:
        yield ref
    for each in within(schema):
        if isinstance(each, Mapping):
            yield from _references(each)


def takes_null(root: Mapping[str, Any], schema: Mapping[str, Any] | bool) -> bool:
    """Return True if a schema accepts null; in doubtful cases too."""
    return _takes_null(root, schema, frozenset())


def _takes_null(
    root: Mapping[str, Any], schema: Mapping[str, Any] | bool, seen: frozenset[str]
) -> bool:
    if isinstance(schema, bool):
        return schema
    kind = schema.get("type", "null")
    if kind != "null" and "null" not in (kind if isinstance(kind, list | tuple) else ()):
        return False
    if schema.get("const") is not None or None not in schema.get("enum", (None,)):
        return False
    ref = reference(schema)
    if ref is not None and ref not in seen:
        found = target(root, ref)
        if found is not None and not _takes_null(root, found, seen | {ref}):
            return False
    for keyword, needed in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        each = schema.get(keyword)
        if each and not needed(_takes_null(root, one, seen) for one in each):
            return False
    return True
