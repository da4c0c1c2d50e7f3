"""The events of a stream that a client was sent as another server wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from llmring.dialects.sse import EventSplitter


def shown_events(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that whole server-sent events hold."""
    for event in EventSplitter().feed(data):
        try:
            value = msgspec.json.decode(event.data)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
