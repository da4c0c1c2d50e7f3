"""Cache marks in requests to Anthropic.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmring.chat.caching import Caching

MOST_MARKS = 4

# Other vendors support longer lifetimes.
_LONGEST = "1h"
_LIFETIMES = ("5m", _LONGEST)


def automatic(caching: Caching | None) -> dict[str, Any] | None:
    """Build the mark of a whole request, which the API moves as the conversation grows."""
    if caching is None:
        return None
    if caching.ttl is None:
        return {"type": "ephemeral"}
    return {
        "type": "ephemeral",
        "ttl": caching.ttl if caching.ttl in _LIFETIMES else _LONGEST,
    }


def settle(payload: Mapping[str, Any]) -> None:
    """Adapt the marks of a payload's blocks to the API's rules, in place.

    At most four marks are allowed, including that of the whole request, and none may last longer
    than an earlier one. The conversation's oldest marks are dropped first, as later marks cover
    them.
    """
    whole = payload.get("cache_control")
    in_messages = _marked(block for turn in payload["messages"] for block in turn["content"])
    in_prefix = _marked([*payload.get("tools", ()), *payload.get("system", ())])
    spare = [*in_messages, *in_prefix]
    for block in spare[: max(0, len(spare) + bool(whole) - MOST_MARKS)]:
        del block["cache_control"]
    if whole and "ttl" in whole:
        for block in _marked(spare):
            block["cache_control"] = {"ttl": whole["ttl"], **block["cache_control"]}


def _marked(blocks: Any) -> list[dict[str, Any]]:
    return [block for block in _with_inner(blocks) if block.get("cache_control")]


def _with_inner(blocks: Any) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
            yield from block["content"]
        yield block
