"""Token counts of Chat Completions, under the names that different servers use."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from llmring.chat.events import Usage, UsageReport
from llmring.dialects.reported_cost import SentCosts, sent_costs
from llmring.dialects.service_tier import unusual

_Number = int | float


class _CachedDetails(Struct, gc=False):
    audio_tokens: _Number | None = None


class _PromptDetails(Struct, gc=False):
    cached_tokens: _Number | None = None
    cached_tokens_details: _CachedDetails | None = None
    audio_tokens: _Number | None = None
    cache_write_tokens: _Number | None = None
    cache_creation_input_tokens: _Number | None = None  # Alibaba


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: _Number | None = None
    audio_tokens: _Number | None = None
    image_tokens: _Number | None = None


class _ToolUse(Struct, gc=False):
    tool_calls_executed: _Number | None = None


class SentUsage(SentCosts, gc=False):
    """The token counts as sent by the server, with the costs of some."""

    prompt_tokens: _Number | None = None
    completion_tokens: _Number | None = None
    total_tokens: _Number | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: _Number | None = None  # https://api-docs.deepseek.com/guides/kv_cache
    cached_tokens: _Number | None = None  # Moonshot
    cache_read_input_tokens: _Number | None = None  # LiteLLM, under Anthropic's name
    cache_creation_input_tokens: _Number | None = None
    server_tool_use_details: _ToolUse | None = None  # OpenRouter
    num_search_queries: _Number | None = None  # Perplexity
    search_context_size: Any = None  # Perplexity, if it has searched
    num_sources_used: _Number | None = None  # https://docs.x.ai/docs/guides/live-search
    service_tier: Any = None


def usage_report(sent: SentUsage | None, tier: object = None) -> UsageReport | None:
    """Return the event for the token counts; None if the server sent none.

    Args:
        sent: The token counts as sent by the server.
        tier: The class of service as sent by the server.
    """
    usage = counted(sent, tier)
    if usage is None or sent is None:
        return None
    # Few servers send any of these.
    if sent.cost is None is sent.estimated_cost is sent.cost_in_usd_ticks:
        return UsageReport(usage)
    return UsageReport(usage, sent_costs(sent))


def counted(sent: SentUsage | None, tier: object = None) -> Usage | None:
    """Convert the token counts; None if the server sent none.

    Args:
        sent: The token counts as sent by the server.
        tier: The class of service as sent by the server.
    """
    if sent is None or (sent.prompt_tokens is None and sent.completion_tokens is None):
        return None
    prompt, completion = int(sent.prompt_tokens or 0), int(sent.completion_tokens or 0)
    prompted = sent.prompt_tokens_details or _PromptDetails()
    cached = prompted.cached_tokens_details or _CachedDetails()
    spent = sent.completion_tokens_details or _CompletionDetails()
    reasoning = int(spent.reasoning_tokens or 0)
    if reasoning and sent.total_tokens == prompt + completion + reasoning:
        # This server counts reasoning in addition to the answer, not as part of it.
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
        audio_prompt_tokens=int(prompted.audio_tokens or 0),
        cached_audio_tokens=int(cached.audio_tokens or 0),
        audio_completion_tokens=int(spent.audio_tokens or 0),
        image_completion_tokens=int(spent.image_tokens or 0),
        provider_tool_calls=_tool_calls(sent),
        service_tier=unusual(tier) or unusual(sent.service_tier),
    )


def _tool_calls(sent: SentUsage) -> int:
    executed = (
        sent.server_tool_use_details.tool_calls_executed if sent.server_tool_use_details else 0
    )
    searched = sent.num_search_queries or sent.num_sources_used or bool(sent.search_context_size)
    return int(executed or searched)
