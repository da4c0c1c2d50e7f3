"""Requests in the format of Anthropic's Messages API, as a client sends them.

https://platform.claude.com/docs/en/api/messages/create
https://platform.claude.com/docs/en/api/messages/count_tokens
https://platform.claude.com/docs/en/api/beta-headers

The values of the header `anthropic-beta` go into `own` under "betas", which the encoder of this API
sends as the header again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.caching import Caching
from llmring.chat.request import LLMRequest
from llmring.dialects.anthropic.decode_blocks import BlockReader
from llmring.dialects.anthropic.decode_fields import (
    Json,
    beyond,
    cache_mark,
    filled_text,
    flag,
    integer,
    number,
    table,
    text,
    texts,
    wrong,
)
from llmring.dialects.anthropic.decode_messages import decode_messages, decode_system
from llmring.dialects.anthropic.decode_options import (
    decode_output,
    decode_reasoning,
)
from llmring.dialects.anthropic.decode_tools import decode_choice, decode_tools
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError, body_object

# The fields that are read into the request; all others are for this API alone.
_READ = frozenset(
    {
        "betas",
        "cache_control",
        "max_tokens",
        "messages",
        "model",
        "output_config",
        "output_format",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_p",
    }
)

# Fields without which the answer, its price or its place would be another, and the values with
# which they change nothing.
_DECISIVE: Mapping[str, tuple[Any, ...]] = {
    "billing_policy": (),
    "compaction": (),
    "container": (),
    "inference_geo": (),
    "mcp_servers": ([],),
    "service_tier": ("auto",),
    "speed": ("standard",),
}

_MARK = frozenset({"type", "ttl"})
_LIFETIMES = (None, "5m", "1h")

# The formats of Claude Code's user IDs with the ID of a session: JSON, and an older one.
_SESSION = re.compile(r"_session_(?P<id>[0-9a-fA-F-]{36})$")


class _ClaudeCodeUser(Struct):
    session_id: str | None = None


def decode_request(body: bytes, headers: Mapping[str, str]) -> ClientRequest:
    """Decode the body of `POST /v1/messages`.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    given = body_object(body)
    if given.get("thread") is not None:
        # The vendor's library then sends the whole conversation, with which any model can answer:
        # see its type `ThreadUnsupportedRequestErrorDetails`.
        raise RequestFormatError(
            "thread is not supported, as nothing is stored; send the whole conversation",
            "thread",
            "thread_unsupported_request",
        )
    if integer(given, "max_tokens", "") is None:
        raise wrong("max_tokens", "Field required")
    return _decoded(given, headers)


def decode_count(body: bytes, headers: Mapping[str, str]) -> ClientRequest:
    """Decode the body of `POST /v1/messages/count_tokens`, which needs no `max_tokens`.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    return _decoded(body_object(body), headers)


def _decoded(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    reader = BlockReader()
    turns = [*decode_system(body, reader), *decode_messages(body, reader)]
    own: Json = beyond(body, _READ)
    required = [name for name in own if name in _DECISIVE and own[name] not in _DECISIVE[name]]
    tools = decode_tools(body)
    choice = decode_choice(body, tools)
    reasoning = decode_reasoning(body)
    output, output_fields, unread = decode_output(body, reasoning.effort)
    caching, mark_fields = _caching(body)
    max_tokens = integer(body, "max_tokens", "")
    if max_tokens == 0:
        # A request that only fills the cache.
        # https://platform.claude.com/docs/en/build-with-claude/prompt-caching
        required.append("max_tokens")
    betas = [*texts(body, "betas", ""), *_listed(headers.get("anthropic-beta", ""))]
    parts_of_fields: dict[str, Any] = {
        "tool_choice": choice.own,
        "output_config": output_fields,
        "betas": betas,
        "cache_control": mark_fields,
    }
    own |= {name: value for name, value in parts_of_fields.items() if value}
    own |= reasoning.own
    request = LLMRequest(
        messages=turns,
        temperature=number(body, "temperature", ""),
        top_p=number(body, "top_p", ""),
        max_tokens=max_tokens,
        stop=texts(body, "stop_sequences", "") or None,
        tools=tools or None,
        tool_choice=choice.choice,
        response_format=output,
        reasoning_tokens=reasoning.tokens,
        reasoning_effort=reasoning.effort,
        cache=caching,
    )
    return ClientRequest(
        model=filled_text(body, "model", ""),
        request=request,
        stream=flag(body, "stream", "") or False,
        own=own,
        required_own=(*required, *choice.required, *unread, *reader.required),
        one_call=choice.one_call,
        conversation=_conversation(body),
    )


def _listed(header: str) -> list[str]:
    return [value for each in header.split(",") if (value := each.strip())]


def _caching(body: Json) -> tuple[Caching | None, Json | None]:
    """Return the caching that is asked for, or the field where only this API understands it."""
    mark = cache_mark(body, "")
    if mark is None:
        return None, None
    ttl = mark.get("ttl")
    if mark.get("type") == "ephemeral" and ttl in _LIFETIMES and not beyond(mark, _MARK):
        return Caching(ttl), None
    return None, mark


def _conversation(body: Json) -> str | None:
    """Return the ID of the session that the ID of the user holds, if it holds one."""
    user = text(table(body, "metadata", "") or {}, "user_id", "metadata")
    if not user:
        return None
    if found := _SESSION.search(user):
        return found["id"]
    try:
        return msgspec.json.decode(user, type=_ClaudeCodeUser).session_id or None
    except (ValueError, RecursionError):
        return None
