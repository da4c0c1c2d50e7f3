"""Replies in Anthropic's format; `tests/dialects/test_encode_reply.py` reads them back."""

import json
from typing import Any

import pytest

from llmring import Usage
from llmring.chat.events import (
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
from llmring.dialects.anthropic.encode_reply import ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer

STOP = Finished("stop", "")


def whole(*events: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope(model="m", id="msg_1")))
    return body


def streamed(*events: Event) -> list[dict[str, Any]]:
    pieces = ENCODING.stream(events, Envelope(model="m", id="msg_1"))
    return [json.loads(piece.splitlines()[1].removeprefix(b"data: ")) for piece in pieces]


def test_a_stream_opens_and_closes_one_block_after_the_other() -> None:
    sent = streamed(
        Started("m", "msg_2"),
        ReasoningDelta("So.", "c2ln"),
        TextDelta("Yes"),
        TextDelta("."),
        ToolCallDelta(0, "c1", "f", "{}"),
        STOP,
    )

    assert [(each["type"], each.get("index")) for each in sent] == [
        ("message_start", None),
        ("content_block_start", 0),
        ("ping", None),
        ("content_block_delta", 0),
        ("content_block_delta", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_delta", 1),
        ("content_block_delta", 1),
        ("content_block_stop", 1),
        ("content_block_start", 2),
        ("content_block_delta", 2),
        ("content_block_stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert sent[0]["message"]["id"] == "msg_2"
    assert sent[-2]["delta"]["stop_reason"] == "tool_use"


def test_the_names_of_the_events_are_their_types() -> None:
    for piece in ENCODING.stream([TextDelta("a"), STOP], Envelope()):
        name, data = piece.splitlines()[:2]

        assert name.removeprefix(b"event: ").decode() == json.loads(data[6:])["type"]


@pytest.mark.parametrize(
    ("finished", "reason"),
    [
        (STOP, "end_turn"),
        (Finished("length", ""), "max_tokens"),
        (Finished("content_filter", ""), "refusal"),
        (Finished("stop", "pause_turn"), "pause_turn"),
    ],
)
def test_the_stop_reason_is_the_native_one_or_that_of_the_finish(
    finished: Finished, reason: str
) -> None:
    assert whole(TextDelta("a"), finished)["stop_reason"] == reason


def test_a_reply_without_an_end_has_no_stop_reason() -> None:
    assert whole(TextDelta("a"))["stop_reason"] is None


def test_a_refusal_is_the_explanation_of_the_stop() -> None:
    details = whole(RefusalDelta("I can't."), Finished("content_filter", ""))["stop_details"]

    assert details == {"type": "refusal", "category": None, "explanation": "I can't."}


def test_citations_are_in_the_block_of_their_text() -> None:
    item = ProviderItem({"type": "text", "text": "cited", "citations": [{"url": "u"}]})
    blocks = whole(TextDelta("First, cited"), item, STOP)["content"]

    assert blocks == [
        {"type": "text", "text": "First, "},
        {"type": "text", "text": "cited", "citations": [{"url": "u"}]},
    ]


def test_the_start_of_a_stream_has_the_tokens_of_the_prompt() -> None:
    usage = Usage(prompt_tokens=7, completion_tokens=5)
    sent = streamed(TextDelta("a"), UsageReport(usage), STOP)

    assert sent[0]["message"]["usage"]["input_tokens"] == 7
    assert sent[0]["message"]["usage"]["output_tokens"] == 1
    assert sent[-2]["usage"]["output_tokens"] == 5


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, None, "rate_limit_error"),
        (529, None, "overloaded_error"),
        (418, None, "invalid_request_error"),
        (599, None, "api_error"),
        (400, "own_error", "own_error"),
    ],
)
def test_an_error_has_the_type_of_its_status(status: int, code: str | None, kind: str) -> None:
    head, body = ENCODING.error(ErrorAnswer(status=status, message="no", code=code, request_id="r"))

    assert (head.status, head.headers["request-id"]) == (status, "r")
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": "r",
    }
