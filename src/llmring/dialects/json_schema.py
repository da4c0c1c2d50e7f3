"""A JSON Schema put into the words that an API takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from llmring.dialects.schema_merge import both
from llmring.dialects.schema_tree import (
    DEFINITIONS,
    mapped,
    or_null,
    recursive,
    reference,
    standard,
    takes_null,
    target,
    within,
)
from llmring.dialects.schema_words import in_words, with_words

# Where an API takes only objects, an answer of another kind is this property of one.
WRAPPER = "answer"

# Inlining can double a schema with each step of a chain of definitions, and merging an `allOf`
# that refers to itself has no end. No API takes schemas that are nearly as large.
_MOST_PARTS = 20_000
_DEEPEST = 100


class SchemaRules(Struct, frozen=True, kw_only=True):
    """Which schemas an API takes.

    Attributes:
        keywords: The keywords that it knows; what others say is moved into the description of
            their schema, where the model reads it. None where it takes any.
        values: For some keywords, the only values that it knows (`format`, `minItems`); another
            value is moved like an unknown keyword.
        inlines_refs: Whether `$ref` has to be replaced by what it refers to; a schema that refers
            to itself keeps its references.
        closes_objects: Whether every object has to say `additionalProperties: false`.
        requires_all: Whether every property has to be required; one that was not may be null.
        needs_object: Whether the whole has to be an object; anything else is wrapped into one,
            as its property `answer`.
    """

    keywords: frozenset[str] | None = None
    values: Mapping[str, Collection[Any]] = {}
    inlines_refs: bool = False
    closes_objects: bool = False
    requires_all: bool = False
    needs_object: bool = False


def adapted(schema: Mapping[str, Any], rules: SchemaRules) -> dict[str, Any]:
    """The schema as an API with these rules takes it; the one given is not changed.

    The root is never a mere `$ref`, what references lead to is in `$defs`, `allOf` is merged
    where objects have to be closed, and a `oneOf`, `const` or `prefixItems` that the API does not
    know is put as `anyOf`, `enum` or `items`. Only null for what was optional and the wrapping of
    what is no object make an answer that does not fit the schema given: `read_back` undoes both.

    Raises:
        ValidationError: What is given is no JSON Schema.
    """
    root = standard(schema)
    for inlines in (rules.inlines_refs, False):
        try:
            return _Adapting(root, rules, inlines=inlines).whole()
        except _TooLargeError:
            continue
    return root


def can_be_strict(schema: Mapping[str, Any]) -> bool:
    """Whether the schema means the same once its objects are closed and their properties required.

    False where it leaves something open: an object with properties whose names are not known
    (`additionalProperties`, `patternProperties`, none at all), a schema that takes anything, an
    array of anything, a `$ref` that leads nowhere. An API that must be given closed objects is
    then to be asked without `strict`; the answer is validated against the schema all the same.
    A root that is no object does not matter: see `SchemaRules.needs_object`.
    """
    root = standard(schema)
    return _is_closed(root, root, set())


def is_recursive(schema: Mapping[str, Any]) -> bool:
    """Whether some reference in it leads back to where it stands."""
    return bool(recursive(standard(schema)))


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether all that fits the schema are objects, as its root says by itself or by its `$ref`."""
    found: Mapping[str, Any] | None = schema
    for _ in range(_DEEPEST):
        ref = reference(found) if found is not None else None
        if ref is None:
            break
        found = target(schema, ref)
    return found is not None and found.get("type") == "object" and not found.keys() & _CHOICES


_CHOICES = frozenset(("anyOf", "oneOf"))
_OBJECT_WORDS = frozenset(("properties", "required", "additionalProperties"))


def _describes_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return not schema.keys().isdisjoint(_OBJECT_WORDS)
    return kind == "object" or (isinstance(kind, list | tuple) and "object" in kind)


def _is_closed(root: Mapping[str, Any], schema: Mapping[str, Any] | bool, seen: set[str]) -> bool:
    """Whether nothing is left open in this part of a schema; `seen` are references looked at."""
    if isinstance(schema, bool):
        return not schema
    ref = reference(schema)
    if ref is None and "$ref" in schema:
        return False
    if ref is not None and ref not in seen:
        seen.add(ref)
        found = target(root, ref)
        if found is None or not _is_closed(root, found, seen):
            return False
    parts = within({k: v for k, v in schema.items() if k != "additionalProperties"})
    return _says_what(schema) and all(_is_closed(root, part, seen) for part in parts)


def _says_what(schema: Mapping[str, Any]) -> bool:
    if _describes_object(schema):
        names = schema.get("properties", {}).keys()
        return (
            schema.get("additionalProperties", False) is False
            and schema.keys().isdisjoint(_OPEN)
            and names >= set(schema.get("required", ()))
            and bool(names or not schema.keys().isdisjoint(("additionalProperties", "allOf")))
        )
    kind = schema.get("type")
    if kind == "array" or (isinstance(kind, list | tuple) and "array" in kind):
        return not schema.keys().isdisjoint(("items", "prefixItems"))
    return not schema.keys().isdisjoint(("type", "enum", "const", "$ref", "allOf", *_CHOICES))


_OPEN = frozenset(("patternProperties", "propertyNames", "unevaluatedProperties"))


class _TooLargeError(Exception):
    """Inlining makes more of a schema than an API would take."""


class _Adapting:
    """One schema on its way into an API's words."""

    def __init__(self, root: Mapping[str, Any], rules: SchemaRules, *, inlines: bool) -> None:
        self._root = root
        self._rules = rules
        self._inlines = inlines
        self._recursive = recursive(root)
        self._names: dict[str, str] = {}
        self._definitions: dict[str, Any] = {}
        self._parts = 0
        self._depth = 0

    def whole(self) -> dict[str, Any]:
        body = {key: value for key, value in self._root.items() if key not in DEFINITIONS}
        if reference(body) is not None:
            body = self._inlined(body)
        result = self.adapt(body)
        if self._rules.needs_object and not is_object(result):
            result = {
                "type": "object",
                "properties": {WRAPPER: result},
                "required": [WRAPPER],
                "additionalProperties": False,
            }
        return {**result, "$defs": self._definitions} if self._definitions else result

    def adapt(self, schema: Mapping[str, Any] | bool) -> Any:
        if isinstance(schema, bool):
            return schema
        self._parts += 1
        if self._parts > _MOST_PARTS or self._depth > _DEEPEST:
            raise _TooLargeError
        self._depth += 1
        node = self._put(dict(schema))
        self._depth -= 1
        return node

    def _put(self, node: dict[str, Any]) -> dict[str, Any]:
        if isinstance(node.get("allOf"), list) and len(node["allOf"]) == 1 and "$ref" not in node:
            # An older way to say something beside a `$ref`.
            [only] = node["allOf"]
            if isinstance(only, Mapping) and only.keys() == {"$ref"}:
                node = {**{k: v for k, v in node.items() if k != "allOf"}, **only}
        if reference(node) is not None:
            node = self._referring(node)
            if "$ref" in node:
                return node
        node = self._translated(self._merged(node, frozenset()))
        if _describes_object(node):
            node = self._object(node)
        node, unknown = self._known(node)
        return with_words(mapped(node, self.adapt), in_words(unknown))

    def _referring(self, node: dict[str, Any]) -> dict[str, Any]:
        """A schema with a `$ref` as one with nothing else, or as one without."""
        ref = self._last(node["$ref"])
        found = target(self._root, ref)
        if found is None:
            return node
        rest = {key: value for key, value in node.items() if key != "$ref"}
        if ref not in self._recursive and (self._inlines or rest):
            return self._inlined(node)
        kept = {"$ref": f"#/$defs/{self._define(ref, found)}"}
        # Few APIs take anything beside a `$ref`.
        return {"anyOf": [kept], **rest} if rest else kept

    def _last(self, ref: str) -> str:
        """The last of the references that lead to nothing but another."""
        seen = set()
        while ref not in seen:
            seen.add(ref)
            found = target(self._root, ref)
            further = reference(found) if found is not None and len(found) == 1 else None
            ref = further or ref
        return ref

    def _inlined(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """A schema with what its `$ref`, and perhaps the next, leads to in its place."""
        result = dict(node)
        seen = set()
        while (ref := reference(result)) is not None and ref not in seen:
            seen.add(ref)
            found = target(self._root, ref)
            if found is None:
                break
            del result["$ref"]
            result = both({k: v for k, v in found.items() if k not in DEFINITIONS}, result)
        return result

    def _define(self, ref: str, found: Mapping[str, Any]) -> str:
        """The name under which what a reference leads to stands in `$defs`."""
        if ref not in self._names:
            stem = re.sub(r"[^a-zA-Z0-9_.-]", "_", ref.rpartition("/")[2].strip("#")) or "root"
            name, taken = stem, set(self._names.values())
            for number in range(2, len(taken) + 3):
                if name not in taken:
                    break
                name = f"{stem}_{number}"
            self._names[ref] = name
            self._definitions[name] = None  # keeps its place in the order
            body = {key: value for key, value in found.items() if key not in DEFINITIONS}
            self._definitions[name] = self.adapt(self._inlined(body))
        return self._names[ref]

    def _merged(self, node: dict[str, Any], merging: frozenset[str]) -> dict[str, Any]:
        """The schema without `allOf`, where it has to be."""
        rules = self._rules
        keeps = rules.keywords is None or "allOf" in rules.keywords
        if "allOf" not in node or (keeps and not rules.closes_objects and not rules.requires_all):
            return node
        node = dict(node)
        parts = node.pop("allOf")
        for part in parts:
            if not isinstance(part, Mapping):
                continue
            ref = reference(part)
            if ref is not None and ref in merging:
                continue
            inner = self._merged(
                self._inlined(part), merging | ({ref} if ref is not None else set())
            )
            node = both(inner, node)
        return node

    def _translated(self, node: dict[str, Any]) -> dict[str, Any]:
        """The schema with other keywords in place of some that the API does not know."""
        keywords = self._rules.keywords
        if keywords is None:
            return node
        if "oneOf" in node and "oneOf" not in keywords and "anyOf" not in node:
            node = {("anyOf" if key == "oneOf" else key): value for key, value in node.items()}
        if "const" in node and "const" not in keywords and "enum" in keywords:
            node = {**node, "enum": [node["const"]]}
            del node["const"]
        if node.get("prefixItems") and "prefixItems" not in keywords and "items" in keywords:
            after = node.get("items", False)
            choices = [*node["prefixItems"], *([after] if isinstance(after, Mapping) else [])]
            distinct = [each for at, each in enumerate(choices) if each not in choices[:at]]
            node = {**node, "items": distinct[0] if len(distinct) == 1 else {"anyOf": distinct}}
        return node

    def _object(self, node: dict[str, Any]) -> dict[str, Any]:
        rules = self._rules
        properties = dict(node.get("properties", {}))
        required = list(node.get("required", ()))
        if rules.closes_objects:
            properties |= {name: {} for name in required if name not in properties}
            others = node.get("additionalProperties")
            if isinstance(others, Mapping):
                node = with_words(dict(node), in_words({"additionalProperties": others}))
            node = {**node, "additionalProperties": False}
        if rules.requires_all:
            for name, each in properties.items():
                if name not in required and not takes_null(self._root, each):
                    properties[name] = or_null(each) if isinstance(each, Mapping) else each
            required = list(properties)
        if rules.closes_objects or rules.requires_all:
            node = {"type": "object", **node, "properties": properties, "required": required}
        return node

    def _known(self, node: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the API takes of a schema, and what it does not."""
        rules = self._rules
        known = {k: v for k, v in node.items() if self._takes(k, v)}
        unknown = {k: v for k, v in node.items() if k not in known}
        if rules.closes_objects:
            unknown.pop("additionalProperties", None)
        return known, unknown

    def _takes(self, keyword: str, value: Any) -> bool:
        rules = self._rules
        if keyword in rules.values and value not in tuple(rules.values[keyword]):
            return False
        return rules.keywords is None or keyword in rules.keywords or keyword in _ALWAYS


_ALWAYS = frozenset(("$ref", "$defs", "description"))
