"""Work on a schema that is done once, however many requests have the schema."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def once_per_schema(work: Callable[[Mapping[str, Any]], T]) -> Callable[[Mapping[str, Any]], T]:
    """Return the same function, whose results are kept for the schemas used last.

    Only the content of a schema counts, so one that was changed is a new one. The results are
    shared, and must not be changed.
    """

    @functools.lru_cache(maxsize=256)
    def kept(key: bytes) -> T:
        return work(msgspec.json.decode(key))

    @functools.wraps(work)
    def look_up(schema: Mapping[str, Any]) -> T:
        try:
            key = msgspec.json.encode(schema)
        except (TypeError, ValueError, OverflowError):
            return work(schema)  # not JSON, which is reported where it matters
        return kept(key)

    return look_up
