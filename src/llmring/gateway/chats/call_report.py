"""The report on a streamed answer, as a further member of the last event with its tokens.

The model, the attempts and the cost of a stream are known when its headers have long been sent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from llmring.chat.response import StreamChunk
from llmring.client.replies.event_bytes import ENDS, EventBytes
from llmring.dialects.relay.body_splice import spliced
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.answer_headers import header_text
from llmring.lockfile.pins import plain_amount

MEMBER = "llmring"

_LONGEST = 500


def call_report(answer: StreamChunk) -> dict[str, Any]:
    """Return the report on an answer.

    Args:
        answer: The last chunk of the answer.
    """
    report: dict[str, Any] = {
        "model": answer.model,
        "attempts": [
            {
                "model": each.model,
                "outcome": each.outcome,
                "status": each.status,
                "ms": round(each.ms, 1),
            }
            for each in answer.attempts
        ],
    }
    if answer.cost is None:
        report["cost_unknown"] = header_text(answer.cost_reason or "not known", _LONGEST)
        return report
    report["cost"] = plain_amount(answer.cost)
    if answer.cost_reason is not None:
        report["cost_note"] = header_text(answer.cost_reason, _LONGEST)
    return report


def events_of(data: bytes, media_type: str) -> list[bytes]:
    """Return the bytes of each event in the end of a stream."""
    splitter = EventBytes(ENDS[media_type])
    return [*splitter.feed(data), splitter.end()]


def with_report(events: Iterable[bytes], report: Mapping[str, Any]) -> bytes:
    """Return the end of a stream with a report in the last event that has the tokens.

    Without such an event, it is in the last one with content.

    Args:
        events: The bytes of the events, with at most one JSON object in each.
        report: The report.
    """
    pieces = [*events]
    found = {at: payload for at, each in enumerate(pieces) if (payload := _payload(each))}
    with_tokens = [at for at, payload in found.items() if _has_tokens(payload)]
    with_content = [at for at, payload in found.items() if payload.get("type") != "message_stop"]
    for at in (with_tokens or with_content)[-1:]:
        begin, end = _span(pieces[at])
        # A server that repeats keys gets no other one.
        with contextlib.suppress(RequestFormatError):
            changed = spliced(pieces[at][begin:end], {(MEMBER,): report})
            pieces[at] = pieces[at][:begin] + changed + pieces[at][end:]
    return b"".join(pieces)


def _span(event: bytes) -> tuple[int, int]:
    begin = event.find(b"{")
    return begin, event.rfind(b"}") + 1


def _payload(event: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an event; None if it has none that can be read."""
    begin, end = _span(event)
    if begin < 0:
        return None
    try:
        payload = msgspec.json.decode(event[begin:end])
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _has_tokens(payload: Mapping[str, Any]) -> bool:
    match payload:
        case {"usage": dict()} | {"usageMetadata": dict()} | {"done": True}:
            return True
        case {"response": {"usage": dict()}}:
            return True
    return False
