"""Requests as JSON, and back."""

import json
from typing import Any

import pytest

from llmring import Caching, LLMRequest, Message
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request_json import from_json, to_json

CALL: Any = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PARTS: list[Part] = [
    TextPart("Hi", {"type": "ephemeral"}),
    ImagePart(url="https://example.com/a.png", detail="low"),
    DocumentPart(data="SGk=", media_type="text/plain", name="a.txt"),
    AudioPart("aGk=", "audio/wav"),
    UploadedPart("file-1", "application/pdf", "it.pdf"),
    ReasoningPart("So.", "c2ln", "r1", "anthropic"),
    ProviderPart("openai_responses", {"type": "web_search_call", "id": "ws_1"}),
]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def through_json(request: LLMRequest) -> LLMRequest:
    return from_json("fast", json.loads(json.dumps(to_json(request))))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": 0.0, "max_tokens": 7, "top_p": 0.5, "seed": 0, "stop": ["END"]},
        {"reasoning_tokens": 0},
        {"reasoning_effort": "low", "metadata": {"user": "me"}, "extra_params": {"a": {"b": 1}}},
        {"tools": [{"name": "f", "input_schema": SCHEMA, "defer_loading": True}]},
        {"tools": [{"google_search": {}}, {"name": "f"}], "tool_choice": "required"},
        {"tools": [{"name": "f"}], "tool_choice": {"function": "f"}},
        {"cache": True},
        {"cache": Caching("1h", "k")},
        {"response_format": {"type": "json_object"}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "it", "strict": True, "schema": SCHEMA},
            }
        },
    ],
    ids=str,
)
def test_a_request_that_went_through_json_means_the_same(fields: dict[str, Any]) -> None:
    request = LLMRequest("fast", "Hi", **fields)

    assert parse_request(through_json(request)) == parse_request(request)


def test_a_conversation_with_parts_of_every_kind_comes_back() -> None:
    turns = [
        Message("system", "Be brief", metadata={"cache_control": {"type": "ephemeral"}}),
        Message("user", PARTS, name="me"),
        Message("assistant", None, tool_calls=[CALL]),
        Message("tool", "42", tool_call_id="c1"),
    ]

    assert through_json(LLMRequest("fast", turns)).turns() == turns


def test_fields_that_are_not_set_are_left_out() -> None:
    assert to_json(LLMRequest("fast", "Hi", max_repairs=0)) == {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_repairs": 0,
    }
