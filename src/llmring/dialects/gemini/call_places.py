"""Marks among the parts of a message for the places of its tool calls.

The calls of a message are apart from its parts. Where something follows a call, a mark keeps the
order, which this API expects back as it was. Calls have no ID in older replies, so a mark has
the call's number.

https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def call_place(index: int) -> dict[str, Any]:
    """Build the mark for the place of the call with this number."""
    return {"functionCall": {"index": index}}


def call_at(content: Mapping[str, Any]) -> int | None:
    """Return the number of the call whose place an item marks, if it marks one."""
    match content:
        case {"functionCall": {"index": int(index)}} if len(content) == 1:
            return index
    return None
