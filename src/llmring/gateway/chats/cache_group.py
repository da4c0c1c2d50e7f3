"""The key by which a provider's prompt cache groups the turns of a conversation.

Clients of Anthropic's API mark what is to be cached; other APIs have a key instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ProviderPart, ReasoningPart
from llmring.chat.tools import Tool


def cache_group(request: ParsedRequest, conversation: str) -> str | None:
    """Return the key of a request that asks for the prompt cache, but has none of its own.

    Args:
        request: The request.
        conversation: The ID of the conversation, from which a provider can't learn anything.
    """
    if request.caching is None:
        return conversation if any(_marks(request)) else None
    return None if request.caching.key else conversation


def _marks(request: ParsedRequest) -> Iterator[Any]:
    """Yield the marks of a request, which are empty for what has none."""
    for tool in request.tools:
        given = tool.extra if isinstance(tool, Tool) else tool.definition
        yield given.get("cache_control")
    for turn in request.turns:
        yield turn.cache_control
        if not isinstance(turn.content, str):
            for part in turn.parts:
                if not isinstance(part, ReasoningPart | ProviderPart):
                    yield part.cache_control
