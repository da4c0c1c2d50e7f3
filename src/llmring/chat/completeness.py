"""The decision if a reply is an answer: an error, or nothing at all, is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ProviderPart
from llmring.chat.response import LLMResponse
from llmring.chat.tools import ToolCall

IsContent = Callable[[Mapping[str, Any]], bool]

# The ends that explain why a reply is empty: the limit on its tokens, which reasoning counts
# towards, and the policy of the provider.
_EXPLAINED = frozenset({"length", "content_filter"})

# The fields of all APIs for texts that end an answer.
_STOP_FIELDS = frozenset({"stop", "stop_sequences", "stopSequences"})


def defect(
    reply: LLMResponse,
    request: ParsedRequest | None,
    is_content: IsContent,
    *,
    detail: str | None = None,
    before: str = "",
) -> str | None:
    """Return the reason why a reply is not an answer; None if it is one.

    A reply that is cut off at its longest length is an answer even without text: reasoning took
    all of `max_tokens`, a limit of the request's own, which every model would reach.

    Args:
        reply: The reply, complete.
        request: The request; None if it is not known.
        is_content: Checks if a provider's item is content; see `Dialect`.
        detail: The provider's explanation of a failure.
        before: The text that another model has shown, if this reply continues it.
    """
    reason, calls = reply.finish_reason, reply.tool_calls or ()
    native = f"finish reason {reply.native_finish_reason or reason!r}"
    if reason == "error":
        words = f": {detail}" if detail else ""
        return f"the provider reports that its answer failed ({native}){words}"
    if (nameless := without_name(calls)) is not None:
        return f"{nameless} ({native})"
    if reason == "tool_calls" and not calls:
        return f"no tool call, although the answer ends with one ({native})"
    if calls or has_content(reply, is_content) or before.strip() or _may_be_empty(reply, request):
        return None
    return f"an empty answer: no text, no tool call and no refusal ({native})"


def without_name(calls: Sequence[ToolCall]) -> str | None:
    """Return the defect of calls of which one names no tool; None if all do."""
    if all(call["function"]["name"] for call in calls):
        return None
    return "a tool call without a name"


def is_bare_refusal(reply: LLMResponse, is_content: IsContent) -> bool:
    """Return True if the provider's policy has left nothing of the answer."""
    refused = reply.finish_reason == "content_filter"
    return refused and not reply.tool_calls and not has_content(reply, is_content)


def has_content(reply: LLMResponse, is_content: IsContent) -> bool:
    """Return True if a reply has text, or an item that is content, such as an image."""
    if reply.content and not reply.content.isspace():
        return True
    return any(
        isinstance(part, ProviderPart) and is_content(part.content) for part in reply.parts or ()
    )


def _may_be_empty(reply: LLMResponse, request: ParsedRequest | None) -> bool:
    """Return True if the model had a reason to answer nothing."""
    if reply.refusal or reply.finish_reason in _EXPLAINED:
        return True
    if reply.finish_reason not in (None, "stop") and reply.parts:
        return True  # an end such as "pause_turn", after which the model goes on
    word = (reply.native_finish_reason or "stop").lower()
    if word == "stop_sequence":
        return True
    if request is None:
        return False
    if request.allow_empty or (request.turns and request.turns[-1].role in ("tool", "assistant")):
        return True
    # Most APIs report the end of an answer and a stop text by the same word.
    return word == "stop" and (bool(request.stops) or _has_stops(request.extra_params))


def _has_stops(extra: Mapping[str, Any]) -> bool:
    tables = [extra, *(each for each in extra.values() if isinstance(each, Mapping))]
    return any(table.get(name) for table in tables for name in _STOP_FIELDS)
