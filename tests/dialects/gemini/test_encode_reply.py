"""Replies in Google's format; `tests/dialects/test_encode_reply.py` reads them back."""

import json
from typing import Any

import pytest

from llmring import Usage
from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.dialects.gemini.encode_reply import ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer

STOP = Finished("stop", "")


def whole(*events: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope(model="m", id="r1")))
    return body


def parts(*events: Event) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = whole(*events)["candidates"][0]["content"]["parts"]
    return found


def test_a_signature_after_a_text_is_on_the_part_of_the_text() -> None:
    assert parts(TextDelta("Yes."), ReasoningDelta("", "c2ln"), STOP) == [
        {"text": "Yes.", "thoughtSignature": "c2ln"}
    ]


def test_a_signature_after_nothing_is_on_an_empty_text() -> None:
    assert parts(ReasoningDelta("", "c2ln"), STOP) == [{"text": "", "thoughtSignature": "c2ln"}]


def test_a_thought_is_marked_as_one() -> None:
    assert parts(ReasoningDelta("So."), STOP) == [{"text": "So.", "thought": True}]


def test_a_streamed_call_comes_whole() -> None:
    pieces = ENCODING.stream(
        [ToolCallDelta(0, "c1", "f"), ToolCallDelta(0, arguments='{"a":1}'), STOP], Envelope()
    )
    first, last = (json.loads(piece[6:])["candidates"][0] for piece in pieces)

    assert first["content"]["parts"] == [
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}}
    ]
    assert (last["content"]["parts"], last["finishReason"]) == ([{"text": ""}], "STOP")


@pytest.mark.parametrize(
    ("finished", "reason"),
    [
        (STOP, "STOP"),
        (Finished("tool_calls", ""), "STOP"),
        (Finished("length", ""), "MAX_TOKENS"),
        (Finished("content_filter", ""), "SAFETY"),
        (Finished("error", ""), "OTHER"),
        (Finished("stop", "RECITATION"), "RECITATION"),
    ],
)
def test_the_finish_reason_is_the_native_one_or_that_of_the_finish(
    finished: Finished, reason: str
) -> None:
    assert whole(TextDelta("a"), finished)["candidates"][0]["finishReason"] == reason


def test_a_blocked_prompt_has_no_candidate() -> None:
    body = whole(Finished("content_filter", "JAILBREAK"))

    assert body["promptFeedback"] == {"blockReason": "JAILBREAK"}
    assert "candidates" not in body


def test_thoughts_are_counted_apart_from_the_answer() -> None:
    usage = Usage(prompt_tokens=10, completion_tokens=8, reasoning_tokens=5, cached_tokens=4)
    sent = whole(TextDelta("a"), UsageReport(usage), STOP)["usageMetadata"]

    assert (sent["candidatesTokenCount"], sent["thoughtsTokenCount"]) == (3, 5)
    assert (sent["totalTokenCount"], sent["cachedContentTokenCount"]) == (18, 4)


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        (429, None, "RESOURCE_EXHAUSTED"),
        (418, None, "INVALID_ARGUMENT"),
        (599, None, "UNAVAILABLE"),
        (400, "FAILED_PRECONDITION", "FAILED_PRECONDITION"),
    ],
)
def test_an_error_has_the_name_of_its_status(status: int, code: str | None, name: str) -> None:
    head, body = ENCODING.error(ErrorAnswer(status=status, message="no", code=code))

    assert head.status == status
    assert json.loads(body)["error"] == {"code": status, "message": "no", "status": name}


def test_an_error_of_one_field_names_it_in_the_details() -> None:
    _, body = ENCODING.error(ErrorAnswer(status=400, message="no", param="contents.0"))
    [detail] = json.loads(body)["error"]["details"]

    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"] == [{"field": "contents.0", "description": "no"}]


def test_an_error_has_its_wait_in_the_details() -> None:
    _, body = ENCODING.error(ErrorAnswer(status=429, message="no", retry_after=2.5))

    assert json.loads(body)["error"]["details"][0]["retryDelay"] == "2.5s"
