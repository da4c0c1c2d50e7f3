"""The rules of each vendor's API for the turns of a conversation; a broken one is an assertion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from anthropic.types import (
    RedactedThinkingBlockParam,
    TextBlockParam,
    ThinkingBlockParam,
    ToolResultBlockParam,
    ToolUseBlockParam,
)
from google.genai.types import Content
from ollama import Message as OllamaMessage
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionMessageToolCallUnionParam
from openai.types.responses import ResponseInputParam
from pydantic import TypeAdapter

Json = dict[str, Any]

CHAT = TypeAdapter[Any](list[ChatCompletionMessageParam])
CALLS = TypeAdapter[Any](list[ChatCompletionMessageToolCallUnionParam])
INPUT = TypeAdapter[Any](ResponseInputParam)
BLOCKS = {
    "text": TypeAdapter[Any](TextBlockParam),
    "thinking": TypeAdapter[Any](ThinkingBlockParam),
    "redacted_thinking": TypeAdapter[Any](RedactedThinkingBlockParam),
    "tool_use": TypeAdapter[Any](ToolUseBlockParam),
    "tool_result": TypeAdapter[Any](ToolResultBlockParam),
}


def check_chat(messages: Sequence[Json], id_pattern: str) -> None:
    """Check the messages of Chat Completions."""
    CHAT.validate_python(messages)
    waiting: list[str] = []
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            assert isinstance(message["content"], str)
            continue
        assert not waiting, "each call is answered before anything else"
        CALLS.validate_python(message.get("tool_calls", []))
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        assert all(re.fullmatch(id_pattern, id_, re.DOTALL) for id_ in waiting)
        assert len({*waiting}) == len(waiting)
        if id_pattern != ".+":
            assert not seen & {*waiting}
        seen |= {*waiting}
    assert not waiting


def check_responses(items: Sequence[Json]) -> None:
    """Check the items of OpenAI's Responses API."""
    INPUT.validate_python(items)
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    results = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    assert all(0 < len(id_) <= 64 for id_ in calls)
    assert len({*calls}) == len(calls)
    assert sorted(calls) == sorted(results)


def check_anthropic(messages: Sequence[Json]) -> None:
    """Check the messages of Anthropic's API, in which the sides take turns.

    Instructions between them, which a beta allows, are not a turn.
    """
    turns = [message for message in messages if message["role"] != "system"]
    assert all(one["role"] != other["role"] for one, other in pairwise(turns))
    seen: set[str] = set()
    waiting: list[str] = []
    for message in turns:
        blocks = message["content"]
        assert blocks
        for block in blocks:
            BLOCKS[block["type"]].validate_python(block)
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert sorted(results) == sorted(waiting)
        assert [block["type"] for block in blocks[: len(results)]] == ["tool_result"] * len(results)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert all(re.fullmatch("[a-zA-Z0-9_-]+", id_) for id_ in waiting)
        assert not seen & {*waiting}
        seen |= {*waiting}
    assert not waiting


def check_gemini(contents: Sequence[Json]) -> None:
    """Check the contents of Google's API."""
    for content in contents:
        Content.model_validate(content)
    waiting = 0
    before = None
    for content in contents:
        parts = content["parts"]
        assert sum("functionResponse" in part for part in parts) == waiting
        waiting = sum("functionCall" in part for part in parts)
        assert not waiting or (content["role"] == "model" and before == "user")
        before = content["role"]
    assert not waiting


def check_ollama(messages: Sequence[Json]) -> None:
    """Check the messages of Ollama's API."""
    for message in messages:
        # The SDK encodes images itself.
        plain = {name: value for name, value in message.items() if name != "images"}
        OllamaMessage.model_validate(plain)
        # Of programs that speak Ollama's API, some leave the name out.
        assert message["role"] != "tool" or message.get("tool_name", "-")
