"""Conversion of a JSON Schema to the subset that an API accepts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmring.json_schema.describe import add_phrases, phrases_of
from llmring.json_schema.merge import both
from llmring.json_schema.object_root import object_root
from llmring.json_schema.references import resolved
from llmring.json_schema.tree import (
    CHOICES,
    DEFINITIONS,
    describes_array,
    describes_object,
    mapped,
    or_null,
    recursive,
    reference,
    standard,
    takes_null,
    target,
)

# If an API accepts only objects, any other answer is wrapped in this property.
WRAPPER = "answer"

# Inlining can double a schema with each step of a chain of definitions, and merging an `allOf`
# that refers to itself would never end. No API accepts schemas anywhere near these limits.
_MOST_PARTS = 20_000
_DEEPEST = 100


class SchemaRules(Struct, frozen=True, kw_only=True):
    """The schemas that an API accepts.

    Attributes:
        keywords: The supported keywords; others are moved into the description of their schema,
            where the model reads them. None if all are supported.
        values: For some keywords, the only supported values (`format`, `minItems`); other values
            are moved like unsupported keywords.
        inlines_refs: True to replace every `$ref` by its target; a schema that refers to itself
            keeps its references.
        closes_objects: True if every object needs `additionalProperties: false`.
        requires_all: True if every property must be required; optional ones then accept null.
        needs_object: True if the root must be an object; anything else is wrapped into one, as
            its property `answer`.
        plain_root: True if the root must be an object that has `properties`, and no choice between
            sets of them; see `object_root`. What accepts no object is wrapped.
        needs_items: True if every array must have `items`.
    """

    keywords: frozenset[str] | None = None
    values: Mapping[str, Collection[Any]] = {}
    inlines_refs: bool = False
    closes_objects: bool = False
    requires_all: bool = False
    needs_object: bool = False
    plain_root: bool = False
    needs_items: bool = False


def adapted(schema: Mapping[str, Any], rules: SchemaRules) -> dict[str, Any]:
    """Convert a schema to one that an API with these rules accepts; the original is not changed.

    The root is never just a `$ref`, targets of references are in `$defs`, `allOf` is merged
    where objects must be closed, and `oneOf`, `const` and `prefixItems` become `anyOf`, `enum`
    and `items` if the API does not support them. An answer can fail to fit the original schema
    only because of null for optional properties and the wrapping of non-objects: `read_back`
    undoes both.

    Raises:
        ValidationError: The value is not a JSON Schema.
    """
    return with_choices(schema, rules)[0]


def with_choices(
    schema: Mapping[str, Any], rules: SchemaRules
) -> tuple[dict[str, Any], Sequence[str]]:
    """Convert a schema like `adapted`; return the choices that a plain root has lost, too.

    The choices are in the description of the root as well.

    Raises:
        ValidationError: The value is not a JSON Schema.
    """
    root = standard(resolved(schema))
    for inlines in (rules.inlines_refs, False):
        adapting = _Adapting(root, rules, inlines=inlines)
        try:
            return adapting.whole(), adapting.choices
        except _TooLargeError:
            continue
    return (_stripped(root) if rules.plain_root else root), ()


def _stripped(root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a root that is too large to be flattened as an object, without its choices."""
    kept = {key: value for key, value in root.items() if key not in ("$ref", "allOf", *CHOICES)}
    return {**kept, "type": "object", "properties": root.get("properties", {})}


def is_recursive(schema: Mapping[str, Any]) -> bool:
    """Return True if a reference in the schema leads back to itself."""
    return bool(recursive(standard(resolved(schema))))


def is_object(schema: Mapping[str, Any]) -> bool:
    """Return True if the root, or the target of its `$ref`, accepts only objects."""
    found: Mapping[str, Any] | None = schema
    for _ in range(_DEEPEST):
        ref = reference(found) if found is not None else None
        if ref is None:
            break
        found = target(schema, ref)
    return found is not None and found.get("type") == "object" and not found.keys() & CHOICES


def takes_objects(schema: Mapping[str, Any]) -> bool:
    """Return True if an object can fit the schema; otherwise, a plain root wraps it."""
    return _Adapting(standard(resolved(schema)), SchemaRules(), inlines=False).takes_objects()


class _TooLargeError(Exception):
    """Inlining makes the schema larger than any API would accept."""


class _Adapting:
    """State while adapting one schema."""

    def __init__(self, root: Mapping[str, Any], rules: SchemaRules, *, inlines: bool) -> None:
        self._root = root
        self._rules = rules
        self._inlines = inlines
        self._recursive = recursive(root)
        self._names: dict[str, str] = {}
        self._definitions: dict[str, Any] = {}
        self._parts = 0
        self._depth = 0
        self.choices: Sequence[str] = ()

    def takes_objects(self) -> bool:
        return object_root(self._root, self._inlined) is not None

    def whole(self) -> dict[str, Any]:
        body = {key: value for key, value in self._root.items() if key not in DEFINITIONS}
        if reference(body) is not None:
            body = self._inlined(body)
        found = object_root(body, self._inlined) if self._rules.plain_root else None
        if found is not None:
            body, self.choices = found
        result = self.adapt(body)
        if found is not None:
            add_phrases(result, [*self.choices])
        elif self._rules.plain_root or (self._rules.needs_object and not is_object(result)):
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
            # An older way to put keywords next to a `$ref`.
            [only] = node["allOf"]
            if isinstance(only, Mapping) and only.keys() == {"$ref"}:
                node = {**{k: v for k, v in node.items() if k != "allOf"}, **only}
        if reference(node) is not None:
            node = self._referring(node)
            if "$ref" in node:
                return node
        node = self._translated(self._merged(node, frozenset()))
        if describes_object(node):
            node = self._object(node)
        if self._rules.needs_items and describes_array(node) and "items" not in node:
            node = {**node, "items": {}}
        node, unknown = self._known(node)
        return add_phrases(mapped(node, self.adapt), phrases_of(unknown))

    def _referring(self, node: dict[str, Any]) -> dict[str, Any]:
        """Reduce a schema with a `$ref` to a bare reference, or to one without any."""
        ref = self._last(node["$ref"])
        found = target(self._root, ref)
        if found is None:
            return node
        rest = {key: value for key, value in node.items() if key != "$ref"}
        if ref not in self._recursive and (self._inlines or rest):
            return self._inlined(node)
        reference_ = {"$ref": f"#/$defs/{self._define(ref, found)}"}
        # Few APIs accept other keywords next to a `$ref`.
        return {"anyOf": [reference_], **rest} if rest else reference_

    def _last(self, ref: str) -> str:
        """Follow references that lead only to another reference; return the last."""
        seen = set()
        while ref not in seen:
            seen.add(ref)
            found = target(self._root, ref)
            further = reference(found) if found is not None and len(found) == 1 else None
            ref = further or ref
        return ref

    def _inlined(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the `$ref` of a schema, and any that this brings in, by its target."""
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
        """Add the target of a reference to `$defs`; return its name there."""
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
        """Merge the `allOf` of a schema, if the rules require it."""
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
        """Replace some unsupported keywords by supported ones."""
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
                node = add_phrases(dict(node), phrases_of({"additionalProperties": others}))
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
        """Split a schema into supported and unsupported keywords."""
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
