"""Requests that only Chat Completions can express, and its parameters under the names used here.

https://developers.openai.com/api/docs/guides/migrate-to-responses
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import AudioPart
from llmring.dialects.dialect import merged

# Parameters of Chat Completions that have no equivalent here.
# https://platform.openai.com/docs/api-reference/chat/create
_ELSEWHERE = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "messages",
        "modalities",
        "n",
        "prediction",
        "presence_penalty",
        "response_format",
        "seed",
        "stop",
        "web_search_options",
    }
)


def expresses(request: ParsedRequest) -> bool:
    """Return True if the API has an equivalent for every part of the request."""
    if request.stops or not _ELSEWHERE.isdisjoint(request.extra_params):
        return False
    turns = (turn for turn in request.turns if not isinstance(turn.content, str))
    return not any(isinstance(part, AudioPart) for turn in turns for part in turn.parts)


def renamed(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return extra parameters with those of Chat Completions under their names here."""
    found = {name for name in _NAMES if name in extra}
    if not found:
        return extra
    result = {name: value for name, value in extra.items() if name not in found}
    for name in sorted(found):
        outer, inner = _NAMES[name]
        value = extra[name]
        result = merged({outer: value if inner is None else {inner: value}}, result)
    return result


_NAMES: Mapping[str, tuple[str, str | None]] = {
    "max_completion_tokens": ("max_output_tokens", None),
    "reasoning_effort": ("reasoning", "effort"),
    "verbosity": ("text", "verbosity"),
}
