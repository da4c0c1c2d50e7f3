"""Token counts, under the names that different servers use."""

import json
from typing import Any

import pytest

from llmring.chat.events import (
    Event,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/json"})


SSE = HttpHead(200, {"content-type": "text/event-stream"})


def decode(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> list[Event]:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return DIALECT.decode(OK, json.dumps({"choices": [choice], **rest}).encode())


def reply(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> LLMResponse:
    return fold("a:model", decode(message, finish, **rest))


def chunk(delta: dict[str, Any], finish: str | None = None, **rest: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return data({"choices": [choice], **rest})


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(SSE)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def piece(arguments: str | None = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return {**fields, "function": {"name": name, "arguments": arguments}}


def usage(**counts: Any) -> Usage:
    events = decode({"content": "Hi"}, usage=counts)
    return next(event.usage for event in events if isinstance(event, UsageReport))


def test_reasoning_counted_in_completion_tokens_is_not_added_again() -> None:
    details = {"reasoning_tokens": 20}

    assert usage(
        prompt_tokens=10,
        completion_tokens=30,
        total_tokens=40,
        completion_tokens_details=details,
    ) == Usage(prompt_tokens=10, completion_tokens=30, reasoning_tokens=20)


def test_reasoning_counted_separately_is_added_to_completion_tokens() -> None:
    details = {"reasoning_tokens": 20}

    assert usage(
        prompt_tokens=10,
        completion_tokens=30,
        total_tokens=60,
        completion_tokens_details=details,
    ) == Usage(prompt_tokens=10, completion_tokens=50, reasoning_tokens=20)


def test_tokens_read_from_and_written_to_a_cache_are_counted() -> None:
    details = {"cached_tokens": 4, "cache_write_tokens": 5}

    assert usage(prompt_tokens=10, completion_tokens=1, prompt_tokens_details=details) == Usage(
        prompt_tokens=10, completion_tokens=1, cached_tokens=4, cache_write_tokens=5
    )


@pytest.mark.parametrize(
    "name", ["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"]
)
def test_cached_tokens_are_read_under_any_of_their_names(name: str) -> None:
    counts = {"prompt_tokens": 10, "completion_tokens": 1, name: 6}

    assert usage(**counts).cached_tokens == 6


@pytest.mark.parametrize(
    "counts",
    [
        {"cache_creation_input_tokens": 6},
        {"prompt_tokens_details": {"cache_creation_input_tokens": 6}},
        {"prompt_tokens_details": {"cache_write_tokens": 6}},
    ],
)
def test_cache_writes_are_read_under_any_of_their_names(counts: Any) -> None:
    assert usage(prompt_tokens=10, completion_tokens=1, **counts).cache_write_tokens == 6


@pytest.mark.parametrize("sent", [None, {}, {"prompt_tokens": None}])
def test_without_usage_nothing_is_reported(sent: Any) -> None:
    events = decode({"content": "Hi"}, usage=sent)

    assert not [event for event in events if isinstance(event, UsageReport)]


def test_audio_tokens_are_counted() -> None:
    assert usage(
        prompt_tokens=100,
        completion_tokens=50,
        prompt_tokens_details={
            "audio_tokens": 60,
            "cached_tokens": 40,
            "cached_tokens_details": {"audio_tokens": 30},
        },
        completion_tokens_details={"audio_tokens": 20, "image_tokens": 5},
    ) == Usage(
        prompt_tokens=100,
        completion_tokens=50,
        cached_tokens=40,
        audio_prompt_tokens=60,
        cached_audio_tokens=30,
        audio_completion_tokens=20,
        image_completion_tokens=5,
    )


@pytest.mark.parametrize(
    ("counts", "uses"),
    [
        ({"num_search_queries": 3, "search_context_size": "low"}, 3),
        ({"search_context_size": "low"}, 1),
        ({"num_sources_used": 2}, 2),
        ({"server_tool_use_details": {"tool_calls_executed": 4}}, 4),
        ({"num_sources_used": 0}, 0),
    ],
)
def test_searches_are_counted(counts: dict[str, Any], uses: int) -> None:
    assert usage(prompt_tokens=1, completion_tokens=1, **counts).provider_tool_calls == uses


@pytest.mark.parametrize(
    ("tier", "result"),
    [("flex", "flex"), ("Priority", "priority"), ("default", None), ("on_demand", None), (7, None)],
)
def test_an_unusual_service_tier_is_reported(tier: Any, result: str | None) -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": 1}
    one = reply({"content": "Hi"}, usage=counts, service_tier=tier)
    other = fold(
        "a:model",
        streamed(
            chunk({"content": "Hi"}, "stop", service_tier=tier),
            data({"choices": [], "usage": counts}),
        ),
    )

    assert (
        one.usage == other.usage == Usage(prompt_tokens=3, completion_tokens=1, service_tier=result)
    )
