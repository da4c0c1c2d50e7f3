"""Encoders that go on where the bytes of another server end."""

from __future__ import annotations

import pytest

from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer
from vendors import APIS

EVENTS: list[Event] = [
    Started("m-1", "2030-01-01T00:00:00Z"),
    UsageReport(Usage(prompt_tokens=3, completion_tokens=1)),
    ReasoningDelta("Hm, ", id="rs_1"),
    ReasoningDelta("so.", id="rs_1"),
    ReasoningDelta(signature="c2ln", id="rs_1"),
    TextDelta("Look"),
    TextDelta(" here: "),
    ToolCallDelta(0, "call_1", "weather", '{"city": '),
    ToolCallDelta(0, arguments='"Ulm"}'),
    ToolCallDelta(1, "call_2", "weather", "{}"),
    UsageReport(Usage(prompt_tokens=3, completion_tokens=9)),
    Finished("tool_calls", ""),
]
THERE = Envelope(model="m", id="there", created=7, echo={"temperature": 0.5})
HERE = Envelope(model="asked", id="here", created=8)


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize("cut", range(1, len(EVENTS) + 1))
def test_what_follows_adopted_bytes_is_what_followed_them_there(name: str, cut: int) -> None:
    encoding = APIS[name].encoding
    first, second = encoding.encoder(THERE), encoding.encoder(HERE)
    for event in EVENTS[:cut]:
        second.adopt(b"".join(first.encode(event)), [event])

    for event in EVENTS[cut:]:
        assert second.encode(event) == first.encode(event)
    assert second.end() == first.end()


@pytest.mark.parametrize("name", APIS)
def test_the_error_after_adopted_bytes_is_the_one_that_would_follow(name: str) -> None:
    encoding = APIS[name].encoding
    first, second = encoding.encoder(THERE), encoding.encoder(HERE)
    for event in EVENTS[:6]:
        second.adopt(b"".join(first.encode(event)), [event])

    error = ErrorAnswer(status=503, message="none is left")
    assert second.fail(error) == first.fail(error)
