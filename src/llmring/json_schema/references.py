"""References of all kinds, rewritten to the one that every API reads: `$ref` to a JSON Pointer.

https://json-schema.org/draft/2020-12/json-schema-core#section-8
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

from msgspec import Struct

from llmring.exceptions import ValidationError
from llmring.json_schema.tree import children, mapped, pointer, target

_ANCHORS = ("$anchor", "$dynamicAnchor")
_DYNAMIC = ("$dynamicRef", "$recursiveRef")
# Without anchors, and with pointers from the root alone, none of these has a meaning left.
_RESOLVED = frozenset((*_ANCHORS, "$recursiveAnchor", *_DYNAMIC))


class Dangling(Struct, frozen=True):
    """A reference that leads to nothing in its document: its place (JSON Pointer) and itself."""

    place: str
    ref: str


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema whose references are all JSON Pointers from its root, if they lead anywhere.

    `$anchor`, `$id` of a part, `$dynamicRef` and `$recursiveRef` are replaced; a schema that has
    none of these is returned as it is. A dynamic reference means what a `$ref` means, unless
    several parts declare its anchor: then it depends on the way to it, which no API follows.

    Raises:
        ValidationError: A dynamic reference leads nowhere, or can mean several places.
    """
    if not _needs_resolving(schema, at_root=True):
        return schema
    places = _Places()
    places.add(schema, (), "")
    result: dict[str, Any] = _Rewriting(places).rewritten(schema, (), "")
    return result


def dangling(schema: Mapping[str, Any]) -> list[Dangling]:
    """List the references of a resolved schema that lead to nothing in it."""
    found: list[Dangling] = []
    _collect(schema, schema, (), found)
    return found


def without(schema: Mapping[str, Any], refs: frozenset[str]) -> dict[str, Any]:
    """Copy a schema without these references; their text goes into the descriptions."""

    def free(part: Mapping[str, Any] | bool) -> Any:
        return without(part, refs) if isinstance(part, Mapping) else part

    result = mapped(schema, free)
    if result.get("$ref") in refs:
        words = f"as defined by {result.pop('$ref')}"
        described = result.get("description")
        result["description"] = f"{described} ({words})" if described else words
    return result


def _collect(
    root: Mapping[str, Any], part: Mapping[str, Any], steps: tuple[str, ...], found: list[Dangling]
) -> None:
    ref = part.get("$ref")
    if isinstance(ref, str) and target(root, ref) is None:
        found.append(Dangling(pointer(steps), ref))
    for way, each in children(part):
        if isinstance(each, Mapping):
            _collect(root, each, (*steps, *way), found)


def _needs_resolving(schema: Mapping[str, Any], *, at_root: bool) -> bool:
    if not _RESOLVED.isdisjoint(schema) or (not at_root and isinstance(schema.get("$id"), str)):
        return True
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref != "#" and not ref.startswith("#/"):
        return True
    return any(
        isinstance(each, Mapping) and _needs_resolving(each, at_root=False)
        for _, each in children(schema)
    )


class _Places:
    """The parts of a document that references can name, by JSON Pointer.

    Attributes:
        resources: The pointer of each part with an `$id`, by its address; that of the root is "".
        anchors: The pointer of each anchor, by the address of its resource and its name.
        dynamic: All pointers of each dynamic anchor, by its name.
        recursive: The pointers of the resources with `$recursiveAnchor`.
    """

    def __init__(self) -> None:
        self.resources: dict[str, str] = {"": ""}
        self.anchors: dict[tuple[str, str], str] = {}
        self.dynamic: dict[str, list[str]] = {}
        self.recursive: list[str] = []

    def add(self, part: Mapping[str, Any], steps: tuple[str, ...], base: str) -> None:
        """Add a part and the parts in it."""
        here = pointer(steps)
        base = base_of(part, base)
        if base != "" or not steps:
            self.resources.setdefault(base, here)
        own = part.get("$id")
        if isinstance(own, str) and own.startswith("#"):
            # The anchors of the drafts before 2019-09.
            self.anchors.setdefault((base, own[1:]), here)
        for keyword in _ANCHORS:
            name = part.get(keyword)
            if isinstance(name, str):
                self.anchors.setdefault((base, name), here)
                if keyword == "$dynamicAnchor":
                    self.dynamic.setdefault(name, []).append(here)
        if part.get("$recursiveAnchor") is True:
            self.recursive.append(here)
        for way, each in children(part):
            if isinstance(each, Mapping):
                self.add(each, (*steps, *way), base)

    def find(self, ref: str, base: str) -> str | None:
        """Return the pointer that a reference leads to; None if it leads out of the document."""
        address, fragment = _parts_of(ref, base)
        if address not in self.resources:
            return None
        if not fragment or fragment.startswith("/"):
            return self.resources[address] + unquote(fragment)
        return self.anchors.get((address, unquote(fragment)))


def base_of(part: Mapping[str, Any], base: str) -> str:
    """Return the address that references in a part are relative to."""
    own = part.get("$id")
    if not isinstance(own, str) or own.startswith("#"):
        return base
    return urldefrag(urljoin(base, own)).url


def _parts_of(ref: str, base: str) -> tuple[str, str]:
    if ref.startswith("#"):
        return base, ref[1:]
    address, fragment = urldefrag(urljoin(base, ref))
    return address, fragment


class _Rewriting:
    """The rewriting of one document, whose places are known."""

    def __init__(self, places: _Places) -> None:
        self._places = places

    def rewritten(self, part: Mapping[str, Any], steps: tuple[str, ...], base: str) -> Any:
        base = base_of(part, base)
        result = {
            keyword: value
            for keyword, value in part.items()
            if keyword not in _RESOLVED and not (steps and keyword == "$id")
        }
        for way, each in children(part):
            if isinstance(each, Mapping):
                _put(result, way, self.rewritten(each, (*steps, *way), base))
        refs = [ref for ref in (self._target(part, key, steps, base) for key in _REFS) if ref]
        if len(refs) == 1:
            result["$ref"] = refs[0]
        elif refs:
            del result["$ref"]
            result["allOf"] = [*result.get("allOf", ()), *({"$ref": ref} for ref in refs)]
        return result

    def _target(
        self, part: Mapping[str, Any], keyword: str, steps: tuple[str, ...], base: str
    ) -> str | None:
        ref = part.get(keyword)
        if not isinstance(ref, str):
            return None
        found = self._places.find(ref, base)
        if keyword == "$ref":
            return ref if found is None else f"#{quote(found, safe=_IN_POINTER)}"
        where = f"{keyword} {ref!r} at {pointer(steps) or 'the root'} of the schema"
        if found is None:
            raise ValidationError(
                f"the {where} leads to nothing in it; put its target under $defs, and refer to it "
                "by $ref"
            )
        several = self._several(keyword, ref)
        if len(several) > 1:
            listed = ", ".join(place or "the root" for place in several)
            raise ValidationError(
                f"the {where} can mean any of {listed}, which providers can't follow; replace it "
                "by a $ref to one of them"
            )
        return f"#{quote(found, safe=_IN_POINTER)}"

    def _several(self, keyword: str, ref: str) -> list[str]:
        if keyword == "$recursiveRef":
            return self._places.recursive
        return self._places.dynamic.get(unquote(ref.partition("#")[2]), [])


_REFS = ("$ref", *_DYNAMIC)
# What a fragment may hold without being quoted, but for "%" itself (RFC 3986, 3.5).
_IN_POINTER = "/~!$&'()*+,;=:@?-._"


def _put(result: dict[str, Any], way: tuple[str, ...], value: Any) -> None:
    """Replace a direct subschema, copying the table or list that holds it."""
    keyword, *inner = way
    held = result[keyword]
    if not inner:
        result[keyword] = value
    elif isinstance(held, Mapping):
        result[keyword] = {**held, inner[0]: value}
    else:
        at = int(inner[0])
        result[keyword] = [*held[:at], value, *held[at + 1 :]]
