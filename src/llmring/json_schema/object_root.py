"""Schemas whose root is a plain object: properties without a choice between sets of them.

The parameters of a function are an object for every vendor, and most refuse `anyOf`, `oneOf` and
`allOf` at their root. The error messages are the only source for that:
https://github.com/openai/openai-python/issues/2294,
https://github.com/anthropics/claude-code/issues/5319
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from llmring.json_schema.describe import phrases_of
from llmring.json_schema.merge import both

# Takes a schema, and returns it with its own `$ref` replaced by the target.
Inline = Callable[[Mapping[str, Any]], dict[str, Any]]

# A choice between choices multiplies; beyond this, the rest is not looked into.
_MOST_BRANCHES = 500

# What must not be at the root either, but has no properties to merge.
_DESCRIBED = ("enum", "const", "not")
_CHOICES = {"anyOf": "at least one of these", "oneOf": "exactly one of these"}


def object_root(
    schema: Mapping[str, Any], inline: Inline
) -> tuple[dict[str, Any], list[str]] | None:
    """Return a schema as a plain object, and the choices that it lost, in words.

    The properties of all branches of a choice are combined: each may have any schema that a branch
    gives it. Required are those that every branch requires. None if the schema accepts no object.

    Args:
        schema: The schema, without its definitions.
        inline: Replaces the `$ref` of a schema by its target.
    """
    flattening = _Flattening(inline)
    found = flattening.flat(schema, frozenset())
    if found is None:
        return None
    root, choices = found
    aside = {key: root.pop(key) for key in _DESCRIBED if key in root}
    properties = dict(root.get("properties", {}))
    properties |= {name: {} for name in root.get("required", ()) if name not in properties}
    root = {**root, "type": "object", "properties": properties}
    if "type" not in schema:
        # The type comes first, as people write it.
        root = {"type": "object", **root}
    return root, [*choices, *phrases_of(aside)]


class _Flattening:
    """State while flattening one schema."""

    def __init__(self, inline: Inline) -> None:
        self._inline = inline
        self._branches = 0

    def flat(
        self, schema: Mapping[str, Any], above: frozenset[str]
    ) -> tuple[dict[str, Any], list[str]] | None:
        """Return the rules of a schema for objects, and its choices in words.

        Args:
            schema: The schema.
            above: The references that led to it.
        """
        ref = schema.get("$ref")
        if isinstance(ref, str):
            above = above | {ref}
        node = self._inline(schema)
        # One that is left leads only to itself, which means nothing.
        node.pop("$ref", None)
        if not _takes_objects(node):
            return None
        choices: list[str] = []
        parts: dict[str, Any] = {}
        for part in _schemas(node.pop("allOf", ())):
            merged = self._branch(part, above)
            if merged is None:
                return None
            parts = both(parts, merged[0])
            choices += merged[1]
        node = both(parts, node)
        for keyword, words in _CHOICES.items():
            if keyword not in node:
                continue
            given = _schemas(node.pop(keyword))
            found = [each for each in (self._branch(part, above) for part in given) if each]
            if given and not found:
                return None
            # OpenAPI's key to the branches, which are gone.
            node.pop("discriminator", None)
            node, more = _chosen(node, found, words)
            choices += more
        return node, choices

    def _branch(
        self, schema: Mapping[str, Any] | bool, above: frozenset[str]
    ) -> tuple[dict[str, Any], list[str]] | None:
        self._branches += 1
        if isinstance(schema, bool) or self._branches > _MOST_BRANCHES:
            return ({}, []) if schema is not False else None
        if schema.get("$ref") in above:
            # A choice of itself adds nothing.
            return None
        return self.flat(schema, above)


def _takes_objects(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type", "object")
    return kind == "object" or (not isinstance(kind, str) and "object" in kind)


def _schemas(value: Any) -> Sequence[Mapping[str, Any] | bool]:
    return [each for each in value if isinstance(each, Mapping | bool)]


def _chosen(
    node: Mapping[str, Any],
    found: Sequence[tuple[dict[str, Any], list[str]]],
    words: str,
) -> tuple[dict[str, Any], list[str]]:
    """Merge the branches of a choice into the schema that has it."""
    branches = [branch for branch, _ in found]
    inner = [words_ for _, more in found for words_ in more]
    if len(branches) == 1:
        return both(branches[0], node), inner
    result = {**node, "properties": _properties(node, branches)}
    required = _required(node, branches)
    if required:
        result["required"] = required
    if "additionalProperties" not in node and branches:
        if all(map(_is_closed, branches)):
            result["additionalProperties"] = False
        elif any(map(_is_open, branches)):
            # Otherwise, strict mode would close the object.
            result["additionalProperties"] = True
    described = list(dict.fromkeys(filter(None, map(_described, branches))))
    if len(described) < 2:
        return result, inner
    return result, [f"{words}: {'; '.join(described)}", *inner]


def _properties(node: Mapping[str, Any], branches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own: Mapping[str, Any] = node.get("properties", {})
    result = dict(own)
    names = dict.fromkeys(name for branch in branches for name in branch.get("properties", ()))
    for name in names:
        given = [
            branch["properties"][name]
            for branch in branches
            if name in branch.get("properties", ())
        ]
        if name not in own:
            result[name] = _either(given)
        elif len(given) == len(branches):
            both_ = both({"properties": {name: _either(given)}}, {"properties": {name: own[name]}})
            result[name] = both_["properties"][name]
    required = dict.fromkeys(name for branch in branches for name in branch.get("required", ()))
    return result | {name: {} for name in required if name not in result}


def _either(schemas: Sequence[Any]) -> Any:
    """Return a schema of what fits one of these."""
    distinct = [each for at, each in enumerate(schemas) if each not in schemas[:at]]
    if len(distinct) == 1:
        return distinct[0]
    values = [value for each in distinct for value in _values(each)]
    if values and all(_values(each) for each in distinct):
        kinds = [each["type"] for each in distinct if "type" in each]
        same = len(kinds) == len(distinct) and all(kind == kinds[0] for kind in kinds)
        unique = [value for at, value in enumerate(values) if value not in values[:at]]
        return {**({"type": kinds[0]} if same else {}), "enum": unique}
    return {"anyOf": distinct}


def _values(schema: Any) -> list[Any]:
    """Return the values of a schema that does nothing but list them."""
    if not isinstance(schema, Mapping) or schema.keys() - {"const", "enum", "type", "title"}:
        return []
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _required(node: Mapping[str, Any], branches: Sequence[Mapping[str, Any]]) -> list[str]:
    shared = [
        name
        for name in (branches[0].get("required", ()) if branches else ())
        if all(name in branch.get("required", ()) for branch in branches)
    ]
    return list(dict.fromkeys((*node.get("required", ()), *shared)))


def _is_closed(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is False


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Return True if a branch is for properties of any name."""
    if schema.get("additionalProperties", False) is not False or "patternProperties" in schema:
        return True
    names = ("additionalProperties", "properties", "required")
    return schema.get("type") == "object" and schema.keys().isdisjoint(names)


def _described(branch: Mapping[str, Any]) -> str:
    """Return a branch in words: its title or description, its properties and further rules."""
    properties: Mapping[str, Any] = branch.get("properties", {})
    required = list(branch.get("required", ()))
    needed = [_named(name, properties.get(name)) for name in required]
    fixed = [_named(name, each) for name, each in properties.items() if name not in required]
    told = [each for each in fixed if "=" in each]
    optional = [each for each in fixed if "=" not in each]
    words = " and ".join((*needed, *told))
    if optional:
        words = f"{words} (optional: {', '.join(optional)})" if words else ", ".join(optional)
    rest = {key: value for key, value in branch.items() if key not in _IN_WORDS}
    if isinstance(branch.get("additionalProperties"), Mapping):
        rest["additionalProperties"] = branch["additionalProperties"]
    words = ", ".join(filter(None, (words, *phrases_of(rest))))
    about = branch.get("description") or branch.get("title")
    return ": ".join(filter(None, (about if isinstance(about, str) else None, words)))


_IN_WORDS = frozenset(
    ("additionalProperties", "description", "properties", "required", "title", "type")
)


def _named(name: str, schema: Any) -> str:
    values = _values(schema)
    if len(values) != 1:
        return name
    return f"{name} = {msgspec.json.encode(values[0]).decode()}"
