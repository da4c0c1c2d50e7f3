"""A recorded request is restored unchanged."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from llmring import LLMRequest, Message
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import DocumentPart, ImagePart, Part, ReasoningPart, TextPart
from llmring.exceptions import ConfigurationError
from llmring.replay.recorded_call import MOST_BYTES, VERSION, RecordedCall, call_of, request_of
from replay.interceptor_calls import target_at

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


def lookup(city: str) -> str:
    """Look up the weather.

    Args:
        city: Where.
    """
    return city


PARTS: list[Part] = [
    TextPart("Look:", {"type": "ephemeral"}),
    ImagePart(data="aGk=", media_type="image/png"),
    DocumentPart(url="https://example.org/a.pdf"),
]
CALL = {"id": "1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}

REQUESTS: list[dict[str, Any]] = [
    {"messages": "Hello"},
    {"messages": [Message("system", "Be brief."), Message("user", PARTS)], "temperature": 0},
    {
        "messages": [
            Message("user", "Weather?"),
            Message("assistant", [ReasoningPart("Hm", "sig", dialect="gemini")], tool_calls=[CALL]),
            Message("tool", "Rain", tool_call_id="1"),
        ],
        "tools": [lookup, {"type": "web_search"}],
        "tool_choice": {"name": "lookup"},
    },
    {"messages": "Hi", "response_format": {"type": "json_object"}, "cache": True, "stop": "."},
    {"messages": "Hi", "response_format": dict[str, int], "cache": {"ttl": "1h"}},
    {"messages": "Hi", "json_response": True, "extra_params": {"a": [1]}, "metadata": {"b": "c"}},
]


@pytest.mark.parametrize("fields", REQUESTS)
def test_a_request_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    request = LLMRequest(model="fast", **fields)
    target = target_of_any()
    again = request_of(through_a_file(call_of(request, AT)))

    assert again.model == "fast"
    assert target.encode(parse_request(again), stream=False) == target.encode(
        parse_request(request), stream=False
    )
    assert again.metadata == request.metadata


def target_of_any() -> Any:
    class Nowhere:
        url = "http://127.0.0.1:9"

    return target_at(Nowhere(), "anthropic:claude-sonnet-4-5")  # type: ignore[arg-type]


def through_a_file(call: RecordedCall) -> RecordedCall:
    return msgspec.json.decode(msgspec.json.encode(call), type=RecordedCall)


def test_no_key_is_kept() -> None:
    own, other = "a-key-without-any-shape", "sk-0123456789abcdefghij"
    call = call_of(LLMRequest(model="fast", messages=f"Is it {own}, or {other}?"), AT, [own])

    assert request_of(call).turns()[0].text == "Is it ***, or ***?"


@pytest.mark.parametrize(
    "fields",
    [{"messages": "x" * (MOST_BYTES + 1)}, {"messages": "Hi", "metadata": {"a": object()}}],
    ids=["too long", "no JSON"],
)
def test_a_request_that_was_not_kept_is_an_error(fields: dict[str, Any]) -> None:
    call = call_of(LLMRequest(model="fast", **fields), AT)

    with pytest.raises(ConfigurationError, match="was not kept"):
        request_of(call)


def test_a_recording_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="newer llmring"):
        request_of(
            RecordedCall(VERSION + 1, "fast", "2026-01-01T00:00:00+00:00", {"messages": "Hi"})
        )


@pytest.mark.parametrize("kept", [{"messages": 1}, {"messages": [{}]}, {"nonsense": 1}])
def test_a_damaged_request_is_an_error(kept: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        request_of(RecordedCall(VERSION, "fast", "2026-01-01T00:00:00+00:00", kept))
