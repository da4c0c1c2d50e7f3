"""Anthropic's Messages API: the encoding of requests, and the dialect as a whole.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import msgspec

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import UploadedPart
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects.anthropic import (
    betas as anthropic_betas,
)
from llmring.dialects.anthropic import (
    caching,
)
from llmring.dialects.anthropic import (
    messages as anthropic_content,
)
from llmring.dialects.anthropic.structured_output import (
    PARAMETERS,
    MessagesOutputFields,
    output_fields,
)
from llmring.dialects.dialect import Outgoing, Quirks, merged
from llmring.dialects.foreign.plain_tools import with_plain_tools
from llmring.dialects.history import fitted
from llmring.dialects.offered_tool import offered
from llmring.dialects.result_order import with_results_in_place
from llmring.dialects.system_turns import late_systems_placed

# The API has no default; this fits the smallest of the models that it still serves.
MAX_TOKENS = 8192
LEAST_THINKING = 1024
LEAST_TOP_P_WITH_THINKING = 0.95

# The API has no step below "low".
_EFFORTS = {"minimal": "low"}


def encode(request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:
    """Build the request for `POST /v1/messages`.

    `betas` in `extra_params` is sent as a header, as the vendor's own clients do.

    Raises:
        UnsupportedFeatureError: The API does not accept a part of a message.
        ValidationError: The data of a document is not base64.
    """
    notes: list[str] = []
    if request.tools:
        request, notes = with_plain_tools(request)
    ordered = with_results_in_place(request.turns)
    name, between = anthropic_content.NAME, quirks.system_turns
    placed = late_systems_placed(ordered, "Anthropic", notes, between=between, dialect=name)
    turns = fitted(placed, name, anthropic_content.CALL_IDS, quirks)
    messages = anthropic_content.messages(turns, quirks)
    thinking = _thinking(request, messages, quirks)
    wanted = _wanted(request, quirks, thinking)
    notes += wanted.notes
    payload: dict[str, Any] = {
        "model": model,
        "max_tokens": _max_tokens(request, thinking),
        "messages": messages,
    }
    words = [{"type": "text", "text": wanted.words}] if wanted.words else []
    optional = {
        "cache_control": caching.automatic(request.caching),
        "system": anthropic_content.system(turns) + words,
        "stop_sequences": request.stops,
        "tools": _tools(request, wanted, quirks, notes),
        "tool_choice": _tool_choice(request, wanted),
        "thinking": thinking,
        "output_config": _output_config(request, wanted),
        "container": anthropic_content.container(turns),
        "stream": stream,
    }
    payload |= {name: value for name, value in optional.items() if value}
    payload |= _sampling(request, thinking)
    caching.settle(payload)
    extra = dict(request.extra_params)
    betas = extra.pop("betas", None) or ()
    if thinking is None:
        # Its further fields mean nothing alone.
        extra.pop("thinking", None)
    payload = merged(payload, extra)
    if isinstance(choice := payload.get("tool_choice"), dict):
        # For choices that have no type, such as only `disable_parallel_tool_use`.
        payload["tool_choice"] = {"type": "auto"} | choice
    files = any(isinstance(part, UploadedPart) for turn in turns for part in turn.parts)
    headers = anthropic_betas.header(payload, betas, files=files, taken=quirks.betas)
    return Outgoing("/v1/messages", payload, headers=headers, notes=tuple(notes))


def _thinking(
    request: ParsedRequest, messages: Sequence[Mapping[str, Any]], quirks: Quirks
) -> Mapping[str, Any] | None:
    """Return the `thinking` field: a budget if tokens are given, else "adaptive".

    Of the models that think adaptively, those since Claude Opus 4.7 leave the text of their
    thinking out of the answer unless a summary is asked for; models with a budget give one anyway.

    `thinking` in `extra_params` has priority; None leaves the field out, and fields without a type
    are added to it.

    https://platform.claude.com/docs/en/build-with-claude/thinking
    https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
    """
    if "thinking" in request.extra_params:
        given: Mapping[str, Any] | None = request.extra_params["thinking"]
        if given is None or "type" in given:
            return given
    reasoning = request.reasoning
    if reasoning is None:
        return None
    if reasoning.is_off:
        return {"type": "disabled"}
    # The API refuses thinking together with a forced call; the call is more important. And it
    # refuses a budget where another vendor's model made the last call.
    unthought = reasoning.tokens is not None and anthropic_content.lacks_thinking(messages)
    if unthought or _demands_call(request):
        return None
    if reasoning.tokens is None:
        shown = {"display": "summarized"} if quirks.thinking_display else {}
        return {"type": "adaptive", **shown}
    return {"type": "enabled", "budget_tokens": max(LEAST_THINKING, reasoning.tokens)}


def _thinks(thinking: Mapping[str, Any] | None) -> bool:
    return thinking is not None and thinking.get("type") in ("enabled", "adaptive")


def _demands_call(request: ParsedRequest) -> bool:
    return bool(request.tools) and request.choice not in (None, "auto", "none")


def _max_tokens(request: ParsedRequest, thinking: Mapping[str, Any] | None) -> int:
    limit = MAX_TOKENS if request.max_tokens is None else request.max_tokens
    budget: int = (thinking or {}).get("budget_tokens", 0)
    # The budget is part of the limit and must be less than it.
    return limit if limit > budget else limit + budget


def _sampling(request: ParsedRequest, thinking: Mapping[str, Any] | None) -> dict[str, Any]:
    temperature, top_p = request.temperature, request.top_p
    if _thinks(thinking):
        # With thinking, the API refuses other values.
        temperature = None
        top_p = top_p if top_p is not None and top_p >= LEAST_TOP_P_WITH_THINKING else None
    given = {"temperature": temperature, "top_p": top_p}
    return {name: value for name, value in given.items() if value is not None}


def _wanted(
    request: ParsedRequest, quirks: Quirks, thinking: Mapping[str, Any] | None
) -> MessagesOutputFields:
    if not quirks.json_schema and _demands_call(request):
        # The model will make a call instead of answering.
        return MessagesOutputFields()
    return output_fields(request.output, native=quirks.json_schema, forcible=not _thinks(thinking))


def _output_config(request: ParsedRequest, wanted: MessagesOutputFields) -> dict[str, Any]:
    config: dict[str, Any] = {}
    reasoning = request.reasoning
    if reasoning is not None and reasoning.effort is not None and not reasoning.is_off:
        config["effort"] = _EFFORTS.get(reasoning.effort, reasoning.effort)
    if wanted.format is not None:
        config["format"] = wanted.format
    return config


def _tools(
    request: ParsedRequest, wanted: MessagesOutputFields, quirks: Quirks, notes: list[str]
) -> list[dict[str, Any]]:
    tools = [_tool(tool, quirks, notes) for tool in request.tools]
    return [*tools, wanted.tool] if wanted.tool is not None else tools


def _tool(tool: Tool | ProviderTool, quirks: Quirks, notes: list[str]) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return dict(tool.definition)
    if tool.strict and not quirks.json_schema:
        # One ability: models without structured outputs refuse `strict` too.
        # https://platform.claude.com/docs/en/build-with-claude/structured-outputs
        notes.append(f"the tool {tool.name!r}: sent without strict, which the model can't enforce")
        tool = msgspec.structs.replace(tool, strict=None)
    found = offered(tool, PARAMETERS)
    notes += found.notes
    definition: dict[str, Any] = {
        **tool.extra,
        "name": tool.name,
        "input_schema": found.parameters,
    }
    if found.description is not None:
        definition["description"] = found.description
    if found.strict is not None:
        definition["strict"] = found.strict
    return definition


def _tool_choice(request: ParsedRequest, wanted: MessagesOutputFields) -> dict[str, Any] | None:
    choice = request.choice
    if wanted.tool is not None:
        if request.tools and choice != "none":
            # Either one of the tools, or the answer.
            return _one_call(request, {"type": "any"})
        name = wanted.tool["name"]
        return {"type": "tool", "name": name, "disable_parallel_tool_use": True}
    return _one_call(request, _choice(choice)) if request.tools else None


def _one_call(request: ParsedRequest, choice: dict[str, Any] | None) -> dict[str, Any] | None:
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/parallel-tool-use
    if not request.one_call or request.choice == "none":
        return choice
    return {"type": "auto", **(choice or {}), "disable_parallel_tool_use": True}


def _choice(choice: ToolChoice | None) -> dict[str, Any] | None:
    match choice:
        case NamedTool(name=name):
            return {"type": "tool", "name": name}
        case "required":
            return {"type": "any"}
        case "auto" | "none":
            return {"type": choice}
        case None:
            return None
        case _:
            assert_never(choice)
