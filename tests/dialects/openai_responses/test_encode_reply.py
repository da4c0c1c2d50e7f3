"""Replies in the format of Responses; `tests/dialects/test_encode_reply.py` reads them back."""

import json
from typing import Any

import pytest

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.dialects.openai_responses.encode_reply import ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer

STOP = Finished("stop", "")


def whole(*events: Event, **envelope: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope(id="resp_1", **envelope)))
    return body


def streamed(*events: Event) -> list[dict[str, Any]]:
    pieces = ENCODING.stream(events, Envelope(id="resp_1"))
    return [json.loads(piece.splitlines()[1][6:]) for piece in pieces]


EVENTS: list[Event] = [
    ReasoningDelta("So.", "c2ln", "rs_9"),
    TextDelta("Yes"),
    TextDelta("."),
    ProviderItem({"type": "web_search_call", "id": "ws_1"}),
    ToolCallDelta(0, "c1", "f", "{}"),
    STOP,
]


def test_each_kind_of_content_is_an_item_of_its_own() -> None:
    items = whole(*EVENTS)["output"]

    assert [(item["type"], item["id"]) for item in items] == [
        ("reasoning", "rs_9"),
        ("message", "msg_1_1"),
        ("web_search_call", "ws_1"),
        ("function_call", "fc_1_3"),
    ]
    assert items[0]["encrypted_content"] == "c2ln"


def test_the_end_of_a_stream_has_the_whole_reply() -> None:
    sent = streamed(*EVENTS)
    done = [each["item"] for each in sent if each["type"] == "response.output_item.done"]

    assert [each["sequence_number"] for each in sent] == list(range(len(sent)))
    assert sent[-1]["type"] == "response.completed"
    assert sent[-1]["response"] == whole(*EVENTS)
    assert done == sent[-1]["response"]["output"]


@pytest.mark.parametrize(
    ("finished", "status", "details"),
    [
        (STOP, "completed", None),
        (Finished("length", ""), "incomplete", {"reason": "max_output_tokens"}),
        (Finished("content_filter", ""), "incomplete", {"reason": "content_filter"}),
        (Finished("stop", "cancelled"), "cancelled", None),
        (Finished("stop", "odd"), "incomplete", {"reason": "odd"}),
    ],
)
def test_the_status_shows_whether_the_reply_is_complete(
    finished: Finished, status: str, details: dict[str, str] | None
) -> None:
    body = whole(TextDelta("a"), finished)

    assert (body["status"], body["incomplete_details"]) == (status, details)
    assert (body["completed_at"] is None) is (status != "completed")


def test_a_stream_cut_by_a_limit_ends_as_incomplete() -> None:
    assert streamed(TextDelta("a"), Finished("length", ""))[-1]["type"] == "response.incomplete"


def test_g062_fields_of_the_request_are_repeated_over_the_defaults() -> None:
    body = whole(STOP, echo={"temperature": 0.5})

    assert (body["temperature"], body["top_p"], body["tool_choice"]) == (0.5, 1.0, "auto")


def test_a_reply_that_fails_ends_with_its_error() -> None:
    encoder = ENCODING.encoder(Envelope(id="resp_1"))
    sent = encoder.fail(ErrorAnswer(status=429, message="slow down"))
    last = json.loads(sent[-1].splitlines()[1][6:])

    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": "rate_limit_exceeded", "message": "slow down"}
