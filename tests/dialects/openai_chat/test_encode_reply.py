"""Replies in the format of Chat Completions; `tests/dialects/test_encode_reply.py` reads them."""

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
from llmring.dialects.openai_chat.encode_reply import ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer

STOP = Finished("stop", "")
USAGE = UsageReport(Usage(prompt_tokens=3, completion_tokens=4))


def message(*events: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope()))["choices"][0]["message"]
    return found


def streamed(*events: Event, **envelope: Any) -> list[dict[str, Any]]:
    *chunks, done = ENCODING.stream(events, Envelope(**envelope))
    assert done == b"data: [DONE]\n\n"
    return [json.loads(chunk[6:]) for chunk in chunks]


def test_the_content_is_null_if_there_are_only_calls_or_a_refusal() -> None:
    assert message(ToolCallDelta(0, "c1", "f"), STOP)["content"] is None
    assert message(RefusalDelta("No."), STOP)["content"] is None
    assert message(STOP)["content"] == ""


def test_a_call_without_arguments_has_an_empty_object_of_them() -> None:
    [call] = message(ToolCallDelta(0, "c1", "f"), STOP)["tool_calls"]
    deltas = [
        piece["function"]["arguments"]
        for chunk in streamed(ToolCallDelta(0, "c1", "f"), STOP)
        for piece in chunk["choices"][0]["delta"].get("tool_calls", ())
    ]

    assert call == {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert "".join(deltas) == "{}"


def test_a_call_of_a_custom_tool_keeps_its_text() -> None:
    [call] = message(ToolCallDelta(0, "c1", "f", "4 + 4", kind="custom"), STOP)["tool_calls"]

    assert call == {"id": "c1", "type": "custom", "custom": {"name": "f", "input": "4 + 4"}}


def test_items_of_other_apis_are_left_out() -> None:
    detail = {"type": "reasoning.text", "text": "So."}
    sent = message(ProviderItem(detail), ProviderItem({"type": "web_search_call"}), STOP)

    assert sent["reasoning_details"] == [detail]
    assert "web_search_call" not in json.dumps(sent)


def test_reasoning_is_sent_in_a_field_of_its_own() -> None:
    sent = message(ReasoningDelta("So."), TextDelta("Yes."), STOP)

    assert (sent["reasoning_content"], sent["content"]) == ("So.", "Yes.")


def test_tokens_come_in_a_last_chunk_without_a_choice_if_they_are_wanted() -> None:
    *others, last = streamed(TextDelta("a"), USAGE, STOP)

    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 7)
    assert all(chunk["usage"] is None for chunk in others)
    assert all("usage" not in each for each in streamed(USAGE, STOP, include_usage=False))


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([STOP], "stop"),
        ([ToolCallDelta(0, "c", "f"), STOP], "tool_calls"),
        ([Finished("length", "")], "length"),
        ([Finished("error", "")], "stop"),
        ([Finished("stop", "eos")], "eos"),
        ([TextDelta("a")], None),
    ],
)
def test_the_finish_reason_is_the_same_whole_and_streamed(
    events: list[Event], reason: str | None
) -> None:
    whole = json.loads(ENCODING.whole(events, Envelope()))["choices"][0]["finish_reason"]
    last = streamed(*events)[-1]["choices"][0]["finish_reason"]

    assert (whole, last) == (reason, reason)


@pytest.mark.parametrize("text", ["Hi", 'a "b"\\\n', "ä€𝄞", "\u2028 and \x85", '{"content":""}'])
def test_a_text_and_the_names_around_it_may_have_any_characters(text: str) -> None:
    encoder = ENCODING.encoder(Envelope(model='{"content":""}', id=text))

    first, *rest = [piece for _ in range(3) for piece in encoder.encode(TextDelta(text))]
    [named] = encoder.encode(Started("other", None)) or encoder.encode(TextDelta(text))

    assert json.loads(first[6:])["choices"][0]["delta"]["role"] == "assistant"
    for piece, model in (*((each, '{"content":""}') for each in rest), (named, "other")):
        assert piece.count(b"\n") == 2
        assert len(piece.decode().splitlines()) == 2
        chunk = json.loads(piece[6:])
        assert (chunk["id"], chunk["model"]) == (text, model)
        assert chunk["choices"][0]["delta"] == {"content": text}


def test_a_reply_that_fails_ends_without_done() -> None:
    encoder = ENCODING.encoder(Envelope())
    encoder.encode(TextDelta("a"))
    [last] = encoder.fail(ErrorAnswer(status=500, message="oops"))

    assert json.loads(last[6:])["error"]["message"] == "oops"
