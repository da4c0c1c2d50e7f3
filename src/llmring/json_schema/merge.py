"""Merging of two JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmring.json_schema.describe import add_phrases, phrases_of


def both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of what fits both; keywords that cannot be merged go into its description.

    Annotations of the second take precedence. Neither schema is changed. The properties of two
    objects are combined, even if both allow no additional ones.
    """
    result = dict(first)
    aside: list[str] = []
    for keyword, value in second.items():
        if keyword not in result or result[keyword] == value or keyword in _ANNOTATIONS:
            result[keyword] = value
        elif keyword in _JOINED and (joined := _JOINED[keyword](result[keyword], value)) != []:
            result[keyword] = joined
        else:
            aside += phrases_of({keyword: value})
    return add_phrases(result, aside)


_ANNOTATIONS = frozenset(("$comment", "$id", "$schema", "default", "description", "title"))


def _types(first: Any, second: Any) -> Any:
    """Return the types that both allow; an integer is a number too."""
    one, other = ([each] if isinstance(each, str) else list(each) for each in (first, second))
    shared = [kind for kind in one if kind in other or (kind == "integer" and "number" in other)]
    shared += [kind for kind in other if kind == "integer" and "number" in one and kind not in one]
    return shared[0] if len(shared) == 1 else shared


def _properties(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: _schemas(first[name], second[name]) for name in second if name in first}
    return {**first, **second, **shared}


def _schemas(first: Any, second: Any) -> Any:
    if first is False or second is False:
        return False
    if first is True or first == second:
        return second
    if second is True:
        return first
    # References inside are not followed here, so a reference to itself is safe.
    return {"allOf": [first, second]}


def _least(first: Any, second: Any) -> Any:
    return max(first, second)


def _most(first: Any, second: Any) -> Any:
    return min(first, second)


_JOINED: dict[str, Callable[[Any, Any], Any]] = {
    "additionalProperties": _schemas,
    "allOf": lambda first, second: [*first, *second],
    "enum": lambda first, second: [value for value in first if value in second],
    "exclusiveMaximum": _most,
    "exclusiveMinimum": _least,
    "items": _schemas,
    "maxItems": _most,
    "maxLength": _most,
    "maxProperties": _most,
    "maximum": _most,
    "minItems": _least,
    "minLength": _least,
    "minProperties": _least,
    "minimum": _least,
    "properties": _properties,
    "required": lambda first, second: list(dict.fromkeys((*first, *second))),
    "type": _types,
    "uniqueItems": lambda first, second: first or second,
}
