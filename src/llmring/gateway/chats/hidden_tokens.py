"""Streams of Chat Completions for clients that did not ask for the tokens.

The gateway asks for them in any case, for the cost of the call.

https://platform.openai.com/docs/api-reference/chat-streaming/streaming
"""

from __future__ import annotations

import re

import msgspec

from llmring.client.replies.event_bytes import ENDS, EventBytes

_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


def without_tokens(events: bytes) -> bytes:
    """Return the bytes of whole events without those that hold the tokens alone."""
    if _NO_CHOICES.search(events) is None:
        return events
    splitter = EventBytes(ENDS["text/event-stream"])
    pieces = [*splitter.feed(events), splitter.end()]
    return b"".join(piece for piece in pieces if not _is_report(piece))


def _is_report(event: bytes) -> bool:
    if _NO_CHOICES.search(event) is None:
        return False
    _, _, data = event.partition(b"data:")
    try:
        payload = msgspec.json.decode(data.strip())
    except (ValueError, RecursionError):
        return False
    return isinstance(payload, dict) and not payload.get("choices") and bool(payload.get("usage"))
