"""Chat Completions, the API of OpenAI and of many compatible servers.

https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.caching import Caching
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.dialect import Outgoing, Quirks, merged
from llmring.dialects.foreign.plain_tools import with_plain_tools
from llmring.dialects.offered_tool import offered
from llmring.dialects.openai.strict_schema import PARAMETERS, PARAMETERS_OF_ANY_SCHEMA
from llmring.dialects.openai_chat.messages import encoded
from llmring.dialects.openai_chat.reasoning import reasoning_fields
from llmring.dialects.openai_chat.structured_output import AS_TEXT, output_fields
from llmring.json_schema.prompt import add_to_system_message


def encode(request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:
    """Build the request for Chat Completions.

    https://platform.openai.com/docs/api-reference/chat/create

    Args:
        request: The request, which is not changed.
        model: The model's name at the provider.
        stream: True for a reply in chunks.
        quirks: Differences of this server from OpenAI's.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of the request.
    """
    lost: list[str] = []
    if request.tools:
        request, lost = with_plain_tools(request, has_custom_tools=True)
    tools = request.tools
    custom = _custom_names(tools) if tools else frozenset()
    turns = request.turns
    output = output_fields(request.output, turns, quirks) if request.output else AS_TEXT
    notes = [*lost, *output.notes]
    caching = request.caching
    messages = encoded(turns, custom, quirks)
    if output.words:
        messages = add_to_system_message(messages, output.words)
    if caching and quirks.caching == "marks":
        messages = _marked(messages, caching)
    reasoning = request.reasoning
    fields: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stop": request.stops or None,
        quirks.max_tokens_field: _max_tokens(request),
        "tools": [_tool(tool, quirks, notes) for tool in tools] if tools else None,
        "tool_choice": None if request.choice is None else _tool_choice(request, custom),
        # OpenAI refuses it without tools.
        "parallel_tool_calls": False if request.one_call and tools else None,
        "response_format": output.format,
        **(reasoning_fields(reasoning, quirks.reasoning) if reasoning else {}),
        **(_cache_fields(request) if quirks.caching == "keys" else {}),
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream and quirks.stream_usage else None,
    }
    payload = {name: value for name, value in fields.items() if value is not None}
    if request.extra_params:
        payload = merged(payload, request.extra_params)
    return Outgoing("/chat/completions", payload, notes=tuple(notes))


def _max_tokens(request: ParsedRequest) -> int | None:
    # The limit includes reasoning, so the tokens for it are added.
    # https://platform.openai.com/docs/guides/reasoning#controlling-costs
    if request.max_tokens is None:
        return None
    return request.max_tokens + request.extra_tokens


# --- Tools ---


def _tool(tool: Tool | ProviderTool, quirks: Quirks, notes: list[str]) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return dict(tool.definition)
    found = offered(tool, PARAMETERS_OF_ANY_SCHEMA if quirks.any_schema else PARAMETERS)
    notes += found.notes
    function: dict[str, Any] = {"name": tool.name}
    if found.description is not None:
        function["description"] = found.description
    function["parameters"] = found.parameters
    if found.strict is not None:
        function["strict"] = found.strict
    sent = {"type": "function", "function": function}
    if quirks.caching == "marks" and (mark := tool.extra.get("cache_control")):
        return {**sent, "cache_control": mark}
    return sent


def _custom_names(tools: Sequence[Tool | ProviderTool]) -> frozenset[str]:
    # Tools that take free text instead of JSON; the API has a separate form for their calls.
    # https://platform.openai.com/docs/guides/function-calling#custom-tools
    given = [tool.definition.get("custom") for tool in tools if isinstance(tool, ProviderTool)]
    return frozenset(str(custom.get("name")) for custom in given if isinstance(custom, Mapping))


def _tool_choice(request: ParsedRequest, custom: frozenset[str]) -> str | dict[str, Any] | None:
    choice = request.choice
    if isinstance(choice, NamedTool):
        kind = "custom" if choice.name in custom else "function"
        return {"type": kind, kind: {"name": choice.name}}
    if choice != "required" and not request.tools and "tools" not in request.extra_params:
        # OpenAI refuses a tool choice without tools.
        return None
    return choice


# --- Caching ---


def _cache_fields(request: ParsedRequest) -> dict[str, Any]:
    # Prefixes are cached automatically; a request can group them, and set how long they are kept.
    # https://platform.openai.com/docs/guides/prompt-caching
    fields: dict[str, Any] = {"prompt_cache_key": request.cache_key}
    match request.caching.ttl if request.caching is not None else None:
        case "24h" | "in_memory" as ttl:
            fields["prompt_cache_retention"] = ttl
        case "30m" | "12h" as ttl:
            fields["prompt_cache_options"] = {"ttl": ttl}
    return fields


def _marked(messages: list[dict[str, Any]], caching: Caching) -> list[dict[str, Any]]:
    """Add cache marks at the end of the instructions and at the end of the conversation."""
    # https://openrouter.ai/docs/guides/best-practices/prompt-caching
    lifetime = {} if caching.ttl is None else {"ttl": caching.ttl}
    mark = {"type": "ephemeral", **lifetime}
    systems = [at for at, message in enumerate(messages) if message["role"] == "system"]
    ends = {*systems[-1:], len(messages) - 1}
    return [_ended(message, mark) if at in ends else message for at, message in enumerate(messages)]


def _ended(message: dict[str, Any], mark: dict[str, str]) -> dict[str, Any]:
    content = message["content"]
    if not content:
        return message
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    *before, last = content
    return {**message, "content": [*before, {"cache_control": mark, **last}]}
