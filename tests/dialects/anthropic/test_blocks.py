"""The content blocks of Anthropic's messages, whole and in pieces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.parts import ProviderPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.wire import HttpHead

JSON = HttpHead(200, {"content-type": "application/json", "request-id": "req_head"})


SSE = HttpHead(200, {"content-type": "text/event-stream", "request-id": "req_head"})


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(SSE)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def block_events(
    index: int, block: dict[str, Any], *deltas: dict[str, Any]
) -> list[dict[str, Any]]:
    """Build the stream events of a block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": each} for each in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def whole(**message: Any) -> list[Event]:
    return DIALECT.decode(JSON, json.dumps(message).encode())


def answer(events: list[Event]) -> LLMResponse:
    return fold("anthropic:m", events)


def test_tool_input_sent_at_the_start_of_its_block_is_kept() -> None:
    block = {"type": "tool_use", "id": "a", "name": "clock", "input": {"zone": "CET"}}
    events = streamed(
        sse(
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_stop", "index": 0},
        )
    )

    assert events == [ToolCallDelta(0, "a", "clock"), ToolCallDelta(0, arguments='{"zone":"CET"}')]


SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}


FOUND = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"title": "X"}]}


CITED = {"type": "text", "text": "It is X.", "citations": [{"cited_text": "X", "url": "u"}]}


def test_results_of_anthropics_own_tools_are_kept_but_are_not_tool_calls() -> None:
    reply = answer(whole(content=[SEARCH, FOUND, CITED], stop_reason="pause_turn"))

    assert reply.parts == (
        ProviderPart("", SEARCH),
        ProviderPart("", FOUND),
        TextPart("It is X."),
        ProviderPart("", CITED),
    )
    assert (reply.tool_calls, reply.content) == (None, "It is X.")


def test_results_of_anthropics_own_tools_are_the_same_in_a_stream() -> None:
    body = sse(
        *block_events(
            0,
            SEARCH | {"input": {}},
            {"type": "input_json_delta", "partial_json": '{"query"'},
            {"type": "input_json_delta", "partial_json": ': "x"}'},
        ),
        *block_events(1, FOUND),
        *block_events(
            2,
            {"type": "text", "text": ""},
            {"type": "citations_delta", "citation": {"cited_text": "X", "url": "u"}},
            {"type": "text_delta", "text": "It is"},
            {"type": "text_delta", "text": " X."},
        ),
        {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}},
    )
    reply = answer(streamed(body))

    assert reply.parts == answer(whole(content=[SEARCH, FOUND, CITED], stop_reason="x")).parts


def test_a_compaction_in_a_single_delta_is_kept() -> None:
    delta = {"type": "compaction_delta", "content": "So far.", "encrypted_content": "b3Bh"}
    body = sse(*block_events(0, {"type": "compaction", "content": None}, delta))

    assert streamed(body) == [
        ProviderItem({"type": "compaction", "content": "So far.", "encrypted_content": "b3Bh"})
    ]


def test_R31_the_input_of_the_answer_tool_becomes_the_text() -> None:
    call = {"type": "tool_use", "id": "a", "name": "llmring_answer", "input": {"n": 1}}
    pieces = ('{"n"', ": 1}")
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    body = sse(
        *block_events(0, call | {"input": {}}, *deltas),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    )
    events = streamed(body)

    assert [event.text for event in events if isinstance(event, TextDelta)] == list(pieces)
    assert events[-1] == Finished("stop", "tool_use")
    assert answer(whole(content=[call], stop_reason="tool_use")).content == '{"n":1}'


def test_R30_a_tool_call_next_to_the_answer_tool_remains_a_call() -> None:
    calls = [
        {"type": "tool_use", "id": "a", "name": "llmring_answer", "input": {"n": 1}},
        {"type": "tool_use", "id": "b", "name": "clock", "input": {}},
        {"type": "tool_use", "id": "c", "name": "llmring_answer", "input": {"n": 2}},
    ]
    reply = answer(whole(content=calls, stop_reason="tool_use"))

    assert (reply.finish_reason, reply.content) == ("tool_calls", '{"n":1}')
    assert [each["id"] for each in reply.tool_calls or ()] == ["b"]


@pytest.mark.parametrize(
    ("sent", "read"), [('{"answer": [1, 2]}', "[1, 2]"), ('{"answer": [1', '{"answer": [1')]
)
def test_R33_a_wrapped_answer_is_unwrapped(sent: str, read: str) -> None:
    call = {"type": "tool_use", "id": "a", "name": "llmring_answer_value", "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in (sent[:4], sent[4:])]
    body = sse(
        *block_events(0, call, *deltas),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    )

    assert answer(streamed(body)).content == read


def test_redacted_thinking_is_separate_from_thinking() -> None:
    events = whole(
        content=[{"type": "redacted_thinking", "data": "b3BhcXVl"}, {"type": "text", "text": "Hi"}]
    )

    assert events[1:] == [
        ProviderItem({"type": "redacted_thinking", "data": "b3BhcXVl"}),
        TextDelta("Hi"),
    ]
