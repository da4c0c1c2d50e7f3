"""The tokens of a reply in the format of Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from llmring.chat.events import Usage
from llmring.dialects.reply_encoding import Json


def encode_usage(usage: Usage) -> Json:
    """Return the usage of a whole message."""
    written, hour = usage.cache_write_tokens, usage.cache_write_1h_tokens
    sent: Json = {
        "input_tokens": max(0, usage.prompt_tokens - usage.cached_tokens - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written - hour,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": usage.completion_tokens,
        "server_tool_use": None,
        "service_tier": "standard",
    }
    if usage.reasoning_tokens:
        sent["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.provider_tool_calls:
        searches = {"web_search_requests": usage.provider_tool_calls, "web_fetch_requests": 0}
        sent["server_tool_use"] = searches
    return sent | _classes(usage.service_tier)


def _classes(tier: str | None) -> Json:
    """Return the class of service, the place and the speed, which the reader joins to one text."""
    sent: Json = {}
    for word in tier.split(", ") if tier else ():
        if word == "fast":
            sent["speed"] = word
        elif len(word) == 2 or not word.islower():
            # The reader writes classes in small letters; countries are two.
            sent["inference_geo"] = word
        else:
            sent["service_tier"] = word
    return sent
