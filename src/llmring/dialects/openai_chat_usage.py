"""The tokens of a Chat Completions reply, under the names that servers have for them."""

from __future__ import annotations

from msgspec import Struct

from llmring.chat.events import Usage

_Number = int | float


class _PromptDetails(Struct, gc=False):
    cached_tokens: _Number | None = None
    cache_write_tokens: _Number | None = None
    cache_creation_input_tokens: _Number | None = None  # Alibaba


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: _Number | None = None


class SentUsage(Struct, gc=False):
    """The tokens as they were sent."""

    prompt_tokens: _Number | None = None
    completion_tokens: _Number | None = None
    total_tokens: _Number | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: _Number | None = None  # https://api-docs.deepseek.com/guides/kv_cache
    cached_tokens: _Number | None = None  # Moonshot
    cache_read_input_tokens: _Number | None = None  # LiteLLM, as Anthropic says it
    cache_creation_input_tokens: _Number | None = None


def counted(sent: SentUsage | None) -> Usage | None:
    """The tokens in our words; None where there is no count."""
    if sent is None or (sent.prompt_tokens is None and sent.completion_tokens is None):
        return None
    prompt, completion = int(sent.prompt_tokens or 0), int(sent.completion_tokens or 0)
    prompted = sent.prompt_tokens_details or _PromptDetails()
    spent = sent.completion_tokens_details or _CompletionDetails()
    reasoning = int(spent.reasoning_tokens or 0)
    if reasoning and sent.total_tokens == prompt + completion + reasoning:
        # This server counts reasoning beside the answer, not in it.
        completion += reasoning
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=int(
            prompted.cached_tokens
            or sent.prompt_cache_hit_tokens
            or sent.cached_tokens
            or sent.cache_read_input_tokens
            or 0
        ),
        cache_write_tokens=int(
            prompted.cache_write_tokens
            or prompted.cache_creation_input_tokens
            or sent.cache_creation_input_tokens
            or 0
        ),
        reasoning_tokens=reasoning,
    )
