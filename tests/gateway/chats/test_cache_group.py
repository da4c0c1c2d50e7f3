"""The key of the prompt cache for requests that have marks, or no key of their own."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.request import LLMRequest
from llmring.gateway.chats.cache_group import cache_group

MARK = {"type": "ephemeral"}


def parsed(content: Any = "Hi", **fields: Any) -> ParsedRequest:
    return parse_request(LLMRequest("fast", [{"role": "user", "content": content}], **fields))


@pytest.mark.parametrize(
    "request_",
    [
        parsed([{"type": "text", "text": "Hi", "cache_control": MARK}]),
        parse_request(
            LLMRequest(
                "fast",
                [{"role": "user", "content": "Hi", "metadata": {"cache_control": MARK}}],
            )
        ),
        parsed(tools=[{"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}]),
        parsed(tools=[{"type": "web_search_20250305", "name": "w", "cache_control": MARK}]),
        parsed(cache="1h"),
        parsed(cache=True),
    ],
    ids=["part", "message", "tool", "server tool", "lifetime", "cache"],
)
def test_a_request_that_asks_for_the_cache_is_grouped_by_its_conversation(
    request_: ParsedRequest,
) -> None:
    assert cache_group(request_, "c1") == "c1"


@pytest.mark.parametrize(
    "request_",
    [
        parsed(),
        parsed([{"type": "text", "text": "Hi"}], tools=[{"name": "f"}]),
        parsed(cache={"key": "own"}),
    ],
    ids=["text", "parts", "own key"],
)
def test_other_requests_are_not_grouped(request_: ParsedRequest) -> None:
    assert cache_group(request_, "c1") is None
