"""Requests in the format of Chat Completions, as clients send them.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta

from llmring.chat.output_format import parse_format
from llmring.chat.reasoning import EFFORTS
from llmring.chat.request import LLMRequest
from llmring.dialects.openai_chat.decode_content import parsed
from llmring.dialects.openai_chat.decode_messages import decoded_messages
from llmring.dialects.openai_chat.decode_tools import decoded_tools
from llmring.dialects.request_decoding import (
    BodyFields,
    ClientRequest,
    RequestFormatError,
    body_object,
    check,
)
from llmring.dialects.service_tier import unusual

# Each annotation is built once: the check of a new one works its type out again.
_MODEL = Annotated[str, Meta(min_length=1)]
_MESSAGES = Annotated[list[Any], Meta(min_length=1)]
_COUNT = Annotated[int, Meta(ge=1, le=2**53)]
_STOP = str | list[str]
_SEED = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


def decode(body: bytes, headers: Mapping[str, str]) -> ClientRequest:  # noqa: ARG001 -- one form for all dialects
    """Decode a client's request.

    Args:
        body: The JSON body.
        headers: Not used; the API has all in the body.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    fields = BodyFields(body_object(body))
    required: list[str] = []
    model = fields.need("model", _MODEL)
    messages = fields.need("messages", _MESSAGES)
    turns = decoded_messages(messages, required)
    stream = fields.take("stream", bool) or False
    include_usage = _include_usage(fields)
    tools = decoded_tools(fields)
    tokens, effort = _reasoning(fields)
    key = fields.take("prompt_cache_key", str) or None
    request = LLMRequest(
        messages=turns,
        temperature=fields.take("temperature", float),
        top_p=fields.take("top_p", float),
        max_tokens=_max_tokens(fields, tokens),
        reasoning_tokens=tokens,
        reasoning_effort=effort,
        response_format=_format(fields),
        tools=tools.tools or None,
        tool_choice=tools.choice,
        cache=_caching(fields, key),
        stop=fields.take("stop", _STOP) or None,
        seed=fields.take("seed", _SEED),
    )
    required += tools.required_own
    parallel = fields.take("parallel_tool_calls", bool)
    one_call = parallel is False and bool(tools.tools)
    if parallel is not None and not one_call:
        fields.keep("parallel_tool_calls", parallel)
    own = {**_own(fields, required), **tools.own}
    return ClientRequest(
        model=model,
        request=request,
        stream=stream,
        include_usage=include_usage or not stream,
        own=own,
        required_own=tuple(required),
        one_call=one_call,
        conversation=key,
        answers=own.get("n", 1),
        written=own.get("best_of", 1),
    )


def _include_usage(fields: BodyFields) -> bool:
    options = fields.take("stream_options", dict[str, Any])
    if options is None:
        return False
    table = BodyFields(options, "stream_options")
    asked = table.take("include_usage", bool) or False
    if left := table.left():
        fields.keep("stream_options", left)
    return asked


def _reasoning(fields: BodyFields) -> tuple[int | None, str | None]:
    """Take the amount of reasoning, in tokens or as an effort."""
    effort = fields.take("reasoning_effort", str)
    if effort in EFFORTS:
        return None, effort
    if effort is not None:
        # A word of some server, such as "default".
        fields.keep("reasoning_effort", effort)
        return None, None
    # https://openrouter.ai/docs/use-cases/reasoning-tokens
    given = fields.take("reasoning", dict[str, Any])
    if given is None:
        return None, None
    table = BodyFields(given, "reasoning")
    tokens = table.take("max_tokens", Annotated[int, Meta(ge=0, le=2**53)])
    effort = table.take("effort", str)
    if effort is not None and (effort not in EFFORTS or tokens is not None):
        table.keep("effort", effort)
        effort = None
    enabled = table.take("enabled", bool)
    if enabled is False and effort is None and tokens is None:
        effort = "none"
    elif enabled is not None:
        table.keep("enabled", enabled)
    if left := table.left():
        fields.keep("reasoning", left)
    return tokens, effort


def _max_tokens(fields: BodyFields, reasoning: int | None) -> int | None:
    """Take the longest answer, without the reasoning that the API counts in."""
    given: dict[str, int] = {}
    for name in ("max_completion_tokens", "max_tokens"):
        # -1 means no limit: https://lmstudio.ai/docs/developer/openai-compat
        limit = fields.take(name, int)
        if limit is not None and limit != -1:
            check(limit, _COUNT, name)
            given[name] = limit
    if not given:
        return None
    path, limit = min(given.items(), key=lambda each: each[1])
    if reasoning and limit <= reasoning:
        raise RequestFormatError(f"{path} must be more than reasoning.max_tokens", path)
    return limit - (reasoning or 0)


_KNOWN_FORMATS = frozenset({"text", "json_object", "json_schema"})


def _format(fields: BodyFields) -> Any:
    given = fields.take("response_format", dict[str, Any])
    if given is None:
        return None
    table = BodyFields(given, "response_format")
    kind = table.need("type", str)
    if kind not in _KNOWN_FORMATS:
        # A grammar or the like, which some servers have.
        fields.keep("response_format", given)
        return None
    definition = table.take("json_schema", Any)
    if kind == "json_schema" and isinstance(definition, dict):
        named = BodyFields(definition, "response_format.json_schema")
        named.take("name", str)
        named.take("description", str)
        named.take("strict", bool)
        named.need("schema", dict[str, Any])
    return parsed(parse_format, given, "response_format")


def _caching(fields: BodyFields, key: str | None) -> dict[str, str] | None:
    # https://platform.openai.com/docs/guides/prompt-caching
    ttl = fields.take("prompt_cache_retention", str)
    options = fields.take("prompt_cache_options", dict[str, Any])
    if options is not None:
        table = BodyFields(options, "prompt_cache_options")
        ttl = table.take("ttl", str) or ttl
        if left := table.left():
            fields.keep("prompt_cache_options", left)
    asked = {"key": key, "ttl": ttl}
    return {name: value for name, value in asked.items() if value} or None


# Fields without which the answer, or its price, may be another one: their types, and whether that
# is so with a value.
_MATTERS: Mapping[str, tuple[Any, Callable[[Any], bool]]] = MappingProxyType(
    {
        "n": (_COUNT, lambda number: number != 1),
        # Of vLLM and others: https://docs.vllm.ai/en/stable/serving/openai_compatible_server/
        "best_of": (_COUNT, lambda number: number != 1),
        "logprobs": (bool, bool),
        "top_logprobs": (int, bool),
        "modalities": (list[str], lambda kinds: kinds != ["text"]),
        "service_tier": (str, lambda tier: unusual(tier) is not None),
        "moderation": (dict[str, Any], bool),
        # The model does not choose whether to search.
        "web_search_options": (dict[str, Any], lambda _: True),
        # Another form of the answer than those of the API.
        "response_format": (dict[str, Any], lambda _: True),
    }
)


def _own(fields: BodyFields, required: list[str]) -> dict[str, Any]:
    """Return the fields of the API alone, and add the paths of those that matter to `required`."""
    own: dict[str, Any] = {}
    if not fields.left():
        return own
    for name, (kind, matters) in _MATTERS.items():
        value = fields.take(name, kind)
        if value is not None:
            own[name] = value
            if matters(value):
                required.append(name)
    return {**own, **fields.left()}
