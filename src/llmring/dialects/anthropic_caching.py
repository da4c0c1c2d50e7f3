"""The marks by which Anthropic is told what to cache.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmring.chat.caching import Caching

MOST_MARKS = 4

# Other vendors know longer ones.
_LONGEST = "1h"
_LIFETIMES = ("5m", _LONGEST)


def automatic(caching: Caching | None) -> dict[str, Any] | None:
    """The mark of a whole request, which the API moves along as the conversation grows."""
    if caching is None:
        return None
    if caching.ttl is None:
        return {"type": "ephemeral"}
    return {
        "type": "ephemeral",
        "ttl": caching.ttl if caching.ttl in _LIFETIMES else _LONGEST,
    }


def settle(payload: Mapping[str, Any]) -> None:
    """Bring the marks of a payload's blocks into what the API takes, in place.

    It takes four at most, that of the whole request included, and none that lasts longer than
    one before it. The oldest of the conversation are given up first, as a later mark covers what
    an earlier one does.
    """
    whole = payload.get("cache_control")
    said = _marked(block for turn in payload["messages"] for block in turn["content"])
    told = _marked([*payload.get("tools", ()), *payload.get("system", ())])
    spare = [*said, *told]
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
