"""JSON Schema keywords as phrases that a model can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec


def phrases_of(keywords: Mapping[str, Any]) -> list[str]:
    """Convert keywords and their values to phrases, except keywords of no use to a model."""
    phrases = (_phrase(keyword, value) for keyword, value in keywords.items())
    return [phrase for phrase in phrases if phrase]


def add_phrases(schema: dict[str, Any], phrases: list[str]) -> dict[str, Any]:
    """Append these phrases to the description of a schema, in place."""
    if phrases:
        described = schema.get("description")
        more = "; ".join(phrases)
        schema["description"] = f"{described} ({more})" if described else more
    return schema


def _phrase(keyword: str, value: Any) -> str | None:
    if keyword.startswith("$") or keyword in _NOT_DESCRIBED:
        return None
    if keyword in _PHRASES:
        return _PHRASES[keyword](value)
    return f"{keyword}: {_json(value)}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _counted(least: str, thing: str) -> Callable[[Any], str]:
    return lambda count: f"{least} {count} {thing}{'' if count == 1 else 's'}"


def _any_other(value: Any) -> str | None:
    if isinstance(value, bool):
        return None if value else "no other properties"
    return f"any other property: {_json(value)}"


def _listed(values: Any) -> str:
    return ", ".join(map(_json, values)) if isinstance(values, list | tuple) else _json(values)


_NOT_DESCRIBED = frozenset(
    (
        "contentEncoding",
        "contentMediaType",
        "deprecated",
        "discriminator",
        "id",
        "readOnly",
        "title",
        "writeOnly",
        "xml",
    )
)

_PHRASES: dict[str, Callable[[Any], str | None]] = {
    "additionalProperties": _any_other,
    "const": lambda value: f"always {_json(value)}",
    "default": lambda value: f"default: {_json(value)}",
    "enum": lambda values: f"one of {_listed(values)}",
    "example": lambda value: f"for example {_json(value)}",
    "examples": lambda values: f"for example {_listed(values)}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "format": lambda value: f"format: {value}",
    "maxItems": _counted("at most", "item"),
    "maxLength": _counted("at most", "character"),
    "maximum": lambda value: f"at most {value}",
    "minItems": _counted("at least", "item"),
    "minLength": _counted("at least", "character"),
    "minimum": lambda value: f"at least {value}",
    "multipleOf": lambda value: f"a multiple of {value}",
    "pattern": lambda value: f"matches the regular expression {value}",
    "prefixItems": lambda values: f"the first items, in order: {_listed(values)}",
    "uniqueItems": lambda value: "no item twice" if value else None,
}
