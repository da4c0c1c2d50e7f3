"""Answers and errors of Anthropic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.exceptions import (
    ProviderError,
    ProviderRateLimitError,
    ProviderResponseError,
)
from llmring.wire import HttpHead

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "anthropic"
JSON = HttpHead(200, {"content-type": "application/json", "request-id": "req_head"})
SSE = HttpHead(200, {"content-type": "text/event-stream", "request-id": "req_head"})


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


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


def failure(events: list[Event]) -> ProviderError:
    (failed,) = (event for event in events if isinstance(event, Failed))
    return failed.error


@pytest.mark.parametrize(
    ("one", "other"), [("whole.json", "stream.txt"), ("tool_whole.json", "tool_stream.txt")]
)
def test_a_stream_adds_up_to_the_whole_reply(one: str, other: str) -> None:
    assert answer(DIALECT.decode(JSON, sample(one))) == answer(streamed(sample(other)))


def test_a_reply_has_text_reasoning_and_model_names() -> None:
    reply = answer(DIALECT.decode(JSON, sample("whole.json")))

    assert reply.content == "Salut 👋, ça va ?\n\nBien !"
    assert reply.reasoning == "A greeting, in French."
    assert (reply.served_model, reply.id) == ("claude-haiku-4-5-20251001", "msg_text")
    assert (reply.finish_reason, reply.native_finish_reason) == ("stop", "end_turn")


def test_all_input_tokens_count_as_prompt() -> None:
    reply = answer(DIALECT.decode(JSON, sample("whole.json")))

    assert reply.usage == Usage(
        prompt_tokens=142,
        completion_tokens=25,
        cached_tokens=100,
        cache_write_tokens=30,
        reasoning_tokens=9,
    )


BILLED: dict[str, Any] = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 4},
    "service_tier": "priority",
}


def test_section5_usage_is_the_same_for_whole_and_streamed_messages() -> None:
    text = {"type": "text", "text": "Hi"}
    events = whole(content=[text], stop_reason="end_turn", usage=BILLED)
    body = sse(
        {"type": "message_start", "message": {"usage": {**BILLED, "output_tokens": 1}}},
        *block_events(0, text),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 5, "server_tool_use": BILLED["server_tool_use"]},
        },
    )

    assert answer(events).usage == answer(streamed(body)).usage
    assert answer(events).usage == Usage(
        prompt_tokens=40,
        completion_tokens=5,
        cache_write_tokens=30,
        cache_write_1h_tokens=20,
        provider_tool_calls=2,
        service_tier="priority",
    )


@pytest.mark.parametrize(
    ("message", "tier"),
    [
        ({"service_tier": "standard", "inference_geo": "global", "speed": "standard"}, None),
        ({"service_tier": "standard", "inference_geo": "not_available"}, None),
        ({"inference_geo": "us"}, "us"),
        ({"service_tier": "batch", "inference_geo": "us"}, "batch, us"),
        ({"speed": "fast"}, "fast"),
        ({"service_tier": 7, "inference_geo": {}}, None),
    ],
)
def test_an_unusual_service_tier_is_reported(message: dict[str, Any], tier: str | None) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, **message}
    reply = answer(whole(content=[], stop_reason="end_turn", usage=usage))

    assert reply.usage is not None
    assert reply.usage.service_tier == tier


def test_work_of_another_model_counts_as_a_provider_tool_call() -> None:
    steps = [
        {"type": "message"},
        {"type": "advisor_message", "model": "other"},
        {"type": "message"},
    ]
    usage = {"input_tokens": 1, "output_tokens": 1, "iterations": steps}
    reply = answer(whole(content=[], stop_reason="end_turn", usage=usage))

    assert reply.usage is not None
    assert reply.usage.provider_tool_calls == 1


def test_w9_a_streamed_reply_has_its_tool_calls() -> None:
    reply = answer(streamed(sample("tool_stream.txt")))

    assert reply.finish_reason == "tool_calls"
    assert reply.tool_calls == [
        {
            "id": "toolu_paris",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city":"Paris","days":2}'},
        },
        {
            "id": "toolu_clock",
            "type": "function",
            "function": {"name": "clock", "arguments": "{}"},
        },
    ]


@pytest.mark.parametrize("name", ["stream.txt", "tool_stream.txt"])
@given(data=st.data())
def test_a_stream_cut_anywhere_gives_the_same_events(name: str, data: st.DataObject) -> None:
    body = sample(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    assert streamed(*pieces) == streamed(body)


@given(st.binary(max_size=200))
def test_any_body_is_read_as_events_or_raises_a_provider_error(body: bytes) -> None:
    streamed(b"data: " + body)
    with pytest.raises(ProviderResponseError):
        DIALECT.decode(JSON, body)


def test_the_stream_is_done_at_message_stop() -> None:
    decoder = DIALECT.decoder(SSE)
    before, last = sample("stream.txt").split(b"event: message_stop")
    decoder.feed(before)
    assert not decoder.done
    decoder.feed(b"event: message_stop" + last)

    assert decoder.done


def test_a_stream_that_is_cut_off_is_not_finished() -> None:
    body = sample("stream.txt").partition(b"event: message_delta")[0]

    assert answer(streamed(body)).finish_reason is None


def test_token_counts_missing_at_the_end_are_taken_from_the_start() -> None:
    body = sse(
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 7, "cache_read_input_tokens": 3}},
        },
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": None, "output_tokens": 5},
        },
    )

    assert answer(streamed(body)).usage == Usage(
        prompt_tokens=10, completion_tokens=5, cached_tokens=3
    )


def test_token_counts_at_the_end_replace_those_at_the_start() -> None:
    body = sse(
        {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}},
        {"type": "message_delta", "usage": {"input_tokens": 90, "output_tokens": 5}},
    )

    assert answer(streamed(body)).usage == Usage(prompt_tokens=90, completion_tokens=5)


def test_without_usage_nothing_is_reported() -> None:
    events = whole(content=[{"type": "text", "text": "Hi"}], stop_reason="end_turn")

    assert not [event for event in events if isinstance(event, UsageReport)]


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("NEW_REASON", "new_reason"),
    ],
)
def test_stop_reasons_are_translated(native: str, reason: str) -> None:
    assert whole(content=[], stop_reason=native)[-1] == Finished(reason, native)


def test_the_explanation_of_a_refusal_is_separate_from_the_text() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "That could do harm."}
    reply = answer(whole(content=[], stop_reason="refusal", stop_details=details))

    assert (reply.finish_reason, reply.refusal) == ("content_filter", "That could do harm.")


def test_pings_and_unknown_events_are_ignored() -> None:
    events = streamed(
        sse(
            {"type": "ping"},
            {"type": "content_block_delta", "delta": {"type": "something_new", "more": {}}},
            {"type": "something_new", "index": 3},
        )
    )

    assert events == []


def test_a_whole_reply_to_a_streamed_request_is_read() -> None:
    assert streamed(sample("whole.json")) == DIALECT.decode(JSON, sample("whole.json"))


def test_an_error_in_a_stream_ends_it() -> None:
    body = sse(
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
            "request_id": "req_1",
        }
    )
    error = failure(streamed(body))

    assert type(error) is ProviderResponseError
    assert (error.status, error.code, error.request_id) == (None, "overloaded_error", "req_1")
    assert error.provider_message == "Overloaded"


def test_an_error_with_a_success_status_is_raised() -> None:
    with pytest.raises(ProviderRateLimitError, match="Slow down"):
        whole(type="error", error={"type": "rate_limit_error", "message": "Slow down"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"content": null}',
        b'{"content": []}',
        b'{"content": [{"type": "text", "text": 5}]}',
        b'{"content": [{"type"',
        b"<html>Bad gateway</html>",
    ],
)
def test_a_body_that_is_not_a_message_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        DIALECT.decode(JSON, body)


def test_a_page_instead_of_a_stream_is_an_error() -> None:
    assert "Bad gateway" in str(failure(streamed(b"<html>", b"Bad gateway</html>")))


def test_an_event_that_is_not_json_ends_the_stream() -> None:
    body = sample("stream.txt")
    at = body.index(b"event: content_block_delta")
    events = streamed(body[:at] + b'data: {"type": "message_del\n\n' + body[at:])

    assert events[:-1] == streamed(body[:at])
    assert "can't be read" in str(failure(events[-1:]))


def test_an_answer_is_complete_if_the_connection_is_cut_after_it() -> None:
    body = sample("stream.txt").removesuffix(b'e_stop"}\n\n')

    assert answer(streamed(body)) == answer(streamed(sample("stream.txt")))
