"""The attributes of a call, by OpenTelemetry's conventions for generative AI.

https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs/gen-ai
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.response import LLMResponse
from llmring.providers.endpoint import Endpoint
from llmring.routing.targets import Target

# The conventions' names of providers, where they differ from ours.
PROVIDER_NAMES = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "xai": "x_ai",
}

_PORTS = {"http": 80, "https": 443}

Attributes = dict[str, Any]


def error_type(error: BaseException) -> str:
    """Return the HTTP status sent by the provider, or else the error's class."""
    status = getattr(error, "status", None)
    return str(status) if status is not None and status >= 400 else type(error).__name__


def addressee(target: Target) -> Attributes:
    """Return the attributes of the provider and model that are called."""
    name = target.ref.provider
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDER_NAMES.get(name, name),
        "gen_ai.request.model": target.ref.model,
        **_server(target.endpoint),
    }


def _server(endpoint: Endpoint) -> Attributes:
    parts = urlsplit(endpoint.base_url)
    port = parts.port or _PORTS.get(parts.scheme)
    if not parts.hostname or port is None:
        return {}
    return {"server.address": parts.hostname, "server.port": port}


def request_attributes(request: ParsedRequest, *, stream: bool) -> Attributes:
    """Return the attributes of a request, without its text."""
    reasoning = request.reasoning
    return present(
        {
            "gen_ai.request.stream": stream or None,
            "gen_ai.request.max_tokens": request.max_tokens,
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.top_p": request.top_p,
            "gen_ai.request.seed": request.seed,
            "gen_ai.request.stop_sequences": tuple(request.stops) or None,
            "gen_ai.request.reasoning.level": reasoning.effort if reasoning else None,
            "gen_ai.output.type": "json" if request.output is not None else None,
        }
    )


def reply_attributes(reply: LLMResponse) -> Attributes:
    """Return the attributes of an answer, without its text."""
    reason = reply.finish_reason
    return present(
        {
            "gen_ai.response.id": reply.id,
            "gen_ai.response.model": reply.served_model,
            "gen_ai.response.finish_reasons": (reason,) if reason else None,
        }
    )


def usage_attributes(reply: LLMResponse) -> Attributes:
    """Return the token counts of an answer."""
    usage = reply.usage
    if usage is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_write.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }


def present(attributes: Mapping[str, Any]) -> Attributes:
    """Return the attributes without those that are unknown."""
    return {name: value for name, value in attributes.items() if value is not None}
