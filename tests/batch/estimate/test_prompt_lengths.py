from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest
from llmring.batch.estimate.prompt_lengths import prompt_length
from llmring.chat.parsed_request import parse_request


@given(st.text(max_size=200))
def test_b13_a_text_has_at_most_one_token_a_byte(text: str) -> None:
    length = prompt_length(parse_request(LLMRequest("a", text)))

    assert length.most >= len(text.encode("utf-8", "replace"))
    assert length.most >= length.expected


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"name": "find", "description": "d" * 300, "parameters": {"type": "object"}}]},
        {"tools": [{"type": "web_search"}]},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"schema": {"title": "t" * 300}},
            }
        },
    ],
    ids=["function", "provider's tool", "schema"],
)
def test_b13_what_is_sent_with_the_messages_is_counted(fields: dict[str, object]) -> None:
    plain = prompt_length(parse_request(LLMRequest("a", "Hi")))
    length = prompt_length(parse_request(LLMRequest("a", "Hi", **fields)))  # type: ignore[arg-type]

    assert length.expected > plain.expected
    assert length.most >= plain.most + 500
    assert length.most >= length.expected


def test_b13_earlier_tool_calls_and_pictures_are_counted() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}" + " " * 99}}
    turns: list[Mapping[str, Any]] = [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}],
        },
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "done"},
    ]

    length = prompt_length(parse_request(LLMRequest("a", turns)))

    assert length.expected > 1000
    assert length.most > 6000 + 99
