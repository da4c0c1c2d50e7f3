"""Requests with reasoning of earlier turns that a server can't verify, without this reasoning.

Signatures and encrypted reasoning are valid only where they were made, and for some time. Gateways
pass on the words of the vendors behind them, so that one table has them all, and the bodies of all
APIs. Sources:

- Anthropic: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
- OpenAI: https://developers.openai.com/api/docs/guides/reasoning (`invalid_encrypted_content`)
- Google: https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from llmring.dialects.request_changes import Draft, RequestChange, Rule
from llmring.dialects.thought_signatures import UNSIGNED, thought_signature

Json = dict[str, Any]

_WORDS = "|".join(
    (
        r"invalid `?(signature|data)`? in `?(redacted_)?thinking",
        r"thinking\.signature: field required",
        r"`?redacted_thinking`? blocks in the latest assistant message cannot be modified",
        r"encrypted[_ ]content\b.{0,200}could not be (verified|decrypted|parsed)",
        r"without its required \W{0,2}reasoning\W{0,2} item",
        r"(invalid|corrupted) thought.?signature",
        r"thought.?signature is not valid",
        r"missing a `?thought_?signature",
    )
)


class LeaveOutThoughts(Struct, frozen=True):
    """Leaving out the reasoning of earlier turns, for this request alone."""

    def apply(self, draft: Draft) -> str | None:
        """Remove the reasoning that has a signature or is encrypted."""
        body, is_changed = draft.body, False
        for name, without in _HISTORIES:
            given = body.get(name)
            if isinstance(given, list):
                kept = without(_objects(given))
                is_changed = is_changed or kept != given
                body[name] = kept
        if not is_changed:
            return None
        _settle_thinking(body)
        return "reasoning of earlier turns left out: the model can't verify it"

    def settled(self, draft: Draft) -> RequestChange | None:  # noqa: ARG002
        """Return None: later requests have other reasoning."""
        return None


THOUGHTS_RULE: Rule = (
    re.compile(_WORDS, re.IGNORECASE | re.DOTALL),
    lambda _: (LeaveOutThoughts(),),
)


def _objects(items: Iterable[Any]) -> list[Json]:
    return [each for each in items if isinstance(each, dict)]


# --- Anthropic's Messages and Chat Completions ---

_THOUGHTS = ("thinking", "redacted_thinking")


def _without_blocks(messages: list[Json]) -> list[Json]:
    kept = (_message(each) if each.get("role") == "assistant" else each for each in messages)
    return [each for each in kept if each is not None]


def _message(message: Json) -> Json | None:
    """Return an answer without its reasoning; None if it had only that."""
    found = {key: value for key, value in message.items() if key != "reasoning_details"}
    content = found.get("content")
    if isinstance(content, list):
        blocks = [block for block in _objects(content) if block.get("type") not in _THOUGHTS]
        found["content"] = blocks
        if content and not blocks and not found.get("tool_calls"):
            return None
    if isinstance(calls := found.get("tool_calls"), list):
        found["tool_calls"] = [_unsigned(call) for call in _objects(calls)]
    return found


def _unsigned(call: Json) -> Json:
    match call:
        case {"extra_content": {"google": dict(google)} as extra} if thought_signature(extra):
            signed = {**google, "thought_signature": UNSIGNED}
            return {**call, "extra_content": {**extra, "google": signed}}
    return call


def _settle_thinking(body: Json) -> None:
    """Turn thinking off where Anthropic's API requires it before the last call.

    With a budget for thinking, the API accepts only results of calls that the model thought about;
    and it clears thinking only where thinking is on.
    """
    match body:
        case {
            "thinking": {"type": "enabled"},
            "messages": [*_, {"content": [{"type": first}, *_]}, {"content": [{"type": last}, *_]}],
        } if last == "tool_result" and first not in _THOUGHTS:
            del body["thinking"]
    management: Any = body.get("context_management")
    if "thinking" in body or not isinstance(management, dict):
        return
    edits = management.get("edits")
    if isinstance(edits, list):
        kept = [e for e in _objects(edits) if not str(e.get("type")).startswith(_CLEARING)]
        body["context_management"] = {**management, "edits": kept}


_CLEARING = "clear_thinking_"


# --- Responses ---

# Items that the API takes without the ID by which it would look for their reasoning.
_LINKED = frozenset({"custom_tool_call", "function_call", "message"})


def _without_items(items: list[Json]) -> list[Json]:
    return [_item(each) for each in items if each.get("type") != "reasoning"]


def _item(item: Json) -> Json:
    if item.get("type") not in _LINKED or "id" not in item:
        return item
    return {key: value for key, value in item.items() if key != "id"}


# --- Gemini ---

_SIGNATURES = ("thoughtSignature", "thought_signature")
_CALLS = ("functionCall", "function_call")


def _without_signatures(contents: list[Json]) -> list[Json]:
    kept = (_content(each) if each.get("role") == "model" else each for each in contents)
    return [each for each in kept if each is not None]


def _content(content: Json) -> Json | None:
    """Return a turn of the model without signatures; None if it had only these.

    Calls get the signature of those that other models made: the first of a turn, and all that had
    one.
    """
    given = content.get("parts")
    if not isinstance(given, list):
        return content
    parts: list[Json] = []
    has_call = False
    for part in _objects(given):
        plain = {key: value for key, value in part.items() if key not in _SIGNATURES}
        if any(key in part for key in _CALLS):
            is_signed = len(plain) < len(part)
            parts.append({**plain, _SIGNATURES[0]: UNSIGNED} if is_signed or not has_call else part)
            has_call = True
        elif plain not in ({}, {"text": ""}):
            parts.append(plain)
    return {**content, "parts": parts} if parts or not given else None


_HISTORIES: tuple[tuple[str, Callable[[list[Json]], list[Json]]], ...] = (
    ("messages", _without_blocks),
    ("input", _without_items),
    ("contents", _without_signatures),
)
