"""Answers as they are kept: their events, what they cost, and when they came."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)

# Whole answers are kept only if they are no longer than this, as they are written.
MOST_BYTES = 2**20

_KINDS: dict[str, type[Event]] = {
    "began": Started,
    "text": TextDelta,
    "comment": CommentaryDelta,
    "cited": Cited,
    "refusal": RefusalDelta,
    "reasoning": ReasoningDelta,
    "item": ProviderItem,
    "call": ToolCallDelta,
    "usage": UsageReport,
    "end": Finished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """An answer that is kept.

    Attributes:
        at: When it came, in seconds since 1970.
        model: The model that gave it, "provider:model".
        api: The API in which it came.
        events: Its events.
        cost: What it cost, in USD; None if that is not known.
    """

    at: float
    model: str
    api: str
    events: tuple[Event, ...]
    cost: Decimal | None = None


class _WrittenAnswer(
    Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True
):
    at: float
    model: str
    api: str
    events: Sequence[tuple[str, msgspec.Raw]]
    cost: Decimal | None


_READER = msgspec.msgpack.Decoder(_WrittenAnswer)
_READERS = {name: msgspec.msgpack.Decoder(kind) for name, kind in _KINDS.items()}


def written(answer: KeptAnswer) -> bytes | None:
    """Return an answer as bytes; None if it has an event that can't be written, or is too long."""
    encode = msgspec.msgpack.encode
    try:
        events: list[tuple[str, Any]] = [(_NAMES[type(each)], each) for each in answer.events]
        data = encode((answer.at, answer.model, answer.api, events, answer.cost))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return data if len(data) <= MOST_BYTES else None


def read(data: bytes) -> KeptAnswer | None:
    """Return the answer that bytes are of; None if they are of none."""
    try:
        found = _READER.decode(data)
        events = tuple(_READERS[name].decode(raw) for name, raw in found.events)
    except (KeyError, ValueError, RecursionError):
        return None
    return KeptAnswer(at=found.at, model=found.model, api=found.api, events=events, cost=found.cost)
