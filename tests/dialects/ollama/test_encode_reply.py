"""Replies in Ollama's format; `tests/dialects/test_encode_reply.py` reads them back."""

import json
from typing import Any

import pytest

from llmring import Usage
from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.dialects.ollama.encode_reply import ENCODING, PROMPT_ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer

STOP = Finished("stop", "")


def whole(*events: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope(model="m")))
    return body


def streamed(*events: Event) -> list[dict[str, Any]]:
    pieces = ENCODING.stream(events, Envelope(model="m"))
    assert all(piece.count(b"\n") == 1 and piece.endswith(b"\n") for piece in pieces)
    return [json.loads(piece) for piece in pieces]


def test_thinking_text_and_calls_are_fields_of_one_message() -> None:
    call = ToolCallDelta(0, "c1", "f", '{"a":1}')
    body = whole(ReasoningDelta("So."), TextDelta("Yes"), RefusalDelta("."), call, STOP)

    assert body["message"] == {
        "role": "assistant",
        "content": "Yes.",
        "thinking": "So.",
        "tool_calls": [{"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}],
    }


def test_g076_a_stream_is_a_line_for_each_piece_and_the_last_one_is_done() -> None:
    usage = Usage(prompt_tokens=3, completion_tokens=4)
    first, second, last = streamed(TextDelta("a\n"), TextDelta("b"), UsageReport(usage), STOP)

    assert [line["message"]["content"] for line in (first, second, last)] == ["a\n", "b", ""]
    assert [line["done"] for line in (first, second, last)] == [False, False, True]
    assert (last["prompt_eval_count"], last["eval_count"]) == (3, 4)


def test_a_streamed_call_comes_whole() -> None:
    line, _ = streamed(ToolCallDelta(0, "c1", "f"), ToolCallDelta(0, arguments='{"a":1}'), STOP)

    assert line["message"]["tool_calls"][0]["function"]["arguments"] == {"a": 1}


@pytest.mark.parametrize(
    ("id_", "time"),
    [
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"),
        ("chatcmpl-1", "1970-01-01T00:00:00Z"),
        ("", "1970-01-01T00:00:00Z"),
    ],
)
def test_an_id_that_is_a_time_is_the_time_of_the_reply(id_: str, time: str) -> None:
    assert whole(Started("m", id_), STOP)["created_at"] == time


@pytest.mark.parametrize(
    ("finished", "reason"),
    [
        (STOP, "stop"),
        (Finished("length", ""), "length"),
        (Finished("error", ""), "stop"),
        (Finished("stop", "load"), "load"),
    ],
)
def test_the_done_reason_is_the_native_one_or_that_of_the_finish(
    finished: Finished, reason: str
) -> None:
    assert whole(finished)["done_reason"] == reason


def test_an_error_is_a_text_alone() -> None:
    error = ErrorAnswer(status=404, message="no such model", code="x")
    head, body = ENCODING.error(error)

    assert (head.status, json.loads(body)) == (404, {"error": "no such model"})
    assert ENCODING.encoder(Envelope()).fail(error) == [b'{"error":"no such model"}\n']


# --- Replies to one prompt ---


def test_a_reply_to_a_prompt_has_its_text_as_the_response() -> None:
    usage = UsageReport(Usage(prompt_tokens=3, completion_tokens=4))
    events: list[Event] = [ReasoningDelta("So."), TextDelta("Yes"), usage, STOP]
    body = json.loads(PROMPT_ENCODING.whole(events, Envelope(model="m")))

    assert (body["response"], body["thinking"], body["done"]) == ("Yes", "So.", True)
    assert (body["prompt_eval_count"], body["eval_count"]) == (3, 4)
    assert not {"message", "role", "content"} & body.keys()


def test_a_streamed_reply_to_a_prompt_has_its_text_in_responses() -> None:
    events: list[Event] = [ReasoningDelta("So."), TextDelta("a"), TextDelta("b"), STOP]
    lines = [json.loads(each) for each in PROMPT_ENCODING.stream(events, Envelope(model="m"))]

    assert [line["response"] for line in lines] == ["", "a", "b", ""]
    assert [line.get("thinking") for line in lines] == ["So.", None, None, None]
    assert [line["done"] for line in lines] == [False, False, False, True]
    assert not any("message" in line for line in lines)
