"""Replies that no model gave, word by word: for mocks, demonstrations and tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from llmring.chat.events import (
    Event,
    Finished,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)


def made_up_reply(
    text: str,
    calls: Iterable[tuple[str, str, Mapping[str, Any]]] = (),
    *,
    model: str,
    id: str,  # noqa: A002 -- the name of the field
    prompt_tokens: int,
) -> list[Event]:
    """Build the events of a reply; its tokens are its words and its calls.

    Args:
        text: The text.
        calls: The tool calls, each an ID, a name and the arguments.
        model: The model's name.
        id: The reply's ID.
        prompt_tokens: The tokens of the request.
    """
    called = [
        ToolCallDelta(index, call, name, msgspec.json.encode(arguments).decode())
        for index, (call, name, arguments) in enumerate(calls)
    ]
    tokens = len(text.split()) + len(called)
    usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=tokens)
    end = Finished("tool_calls" if called else "stop", "")
    return [
        Started(model, id),
        *map(TextDelta, words(text)),
        *called,
        UsageReport(usage),
        end,
    ]


def words(text: str) -> list[str]:
    """Split a text into its words, each with the space before it."""
    return re.findall(r"\s*\S+|\s+", text)
