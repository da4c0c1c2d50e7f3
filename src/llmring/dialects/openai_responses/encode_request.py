"""The Responses API of OpenAI and of compatible servers.

https://platform.openai.com/docs/api-reference/responses
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.call_ids import CallIds
from llmring.dialects.dialect import Outgoing, Quirks, merged
from llmring.dialects.enforcement import asked_in_words, asked_without_strict
from llmring.dialects.history import fitted
from llmring.dialects.offered_tool import offered
from llmring.dialects.openai.strict_schema import (
    PARAMETERS,
    PARAMETERS_OF_ANY_SCHEMA,
    schema_to_send,
)
from llmring.dialects.openai_responses.encode_input import NAME, encode_input, message_items
from llmring.dialects.openai_responses.reach import renamed
from llmring.dialects.system_turns import with_own_systems
from llmring.exceptions import UnsupportedFeatureError
from llmring.json_schema.prompt import json_instruction
from llmring.json_schema.references import resolved

CALL_IDS = CallIds(".{1,64}")


def encode(request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:
    """Build the request for the Responses API.

    https://platform.openai.com/docs/api-reference/responses/create

    The server stores nothing, so each request includes all that the model needs of earlier
    turns, with its reasoning in encrypted form. The API has no `seed`; it is omitted.

    Args:
        request: The request, which is not changed.
        model: The model's name at the provider.
        stream: True for a reply in events.
        quirks: Differences of this server from OpenAI's.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of the request.
    """
    if request.stops:
        # Without its stop texts, the answer would not be the requested one.
        raise UnsupportedFeatureError(
            "the Responses API takes no stop texts; omit `stop`, or use a model that is served by "
            "another API"
        )
    tools = request.tools
    custom = _custom_names(tools)
    turns = fitted(with_own_systems(request.turns, NAME), NAME, CALL_IDS, quirks)
    # Items that the server stores are found there; by default it stores nothing.
    stored = request.extra_params.get("store") is True
    notes: list[str] = []
    fields: dict[str, Any] = {
        "model": model,
        "input": [
            *_mentioning_json(request, turns, quirks),
            *encode_input(turns, custom, stored=stored),
        ],
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": _max_tokens(request),
        "tools": [_tool(tool, quirks, notes) for tool in tools] or None,
        "tool_choice": _tool_choice(request, custom),
        "parallel_tool_calls": False if request.one_call and tools else None,
        "text": _text(request, quirks, notes),
        "reasoning": _reasoning(request),
        "include": ["reasoning.encrypted_content"] if _thinks(request, model) else None,
        "store": False,
        "stream": stream or None,
        **_caching(request),
    }
    payload = {name: value for name, value in fields.items() if value is not None}
    extra = renamed(request.extra_params)
    return Outgoing("/responses", merged(payload, extra), notes=tuple(notes))


# --- Options ---


def _max_tokens(request: ParsedRequest) -> int | None:
    # The limit includes reasoning, so the tokens for it are added.
    # https://platform.openai.com/docs/guides/reasoning#controlling-costs
    if request.max_tokens is None:
        return None
    return request.max_tokens + request.extra_tokens


def _reasoning(request: ParsedRequest) -> dict[str, Any] | None:
    wanted = request.reasoning
    if wanted is None:
        return None
    if wanted.is_off:
        return {"effort": "none"}
    return {"effort": wanted.as_effort, "summary": "auto"}


# Models that reason by default. `gpt-5-chat` does not.
_REASONS = re.compile(
    r"(?:.*[/:])?(?:o[1-9]|gpt-[5-9](?!-chat)|gpt-[1-9][0-9]|codex-|computer-use)"
)


def _thinks(request: ParsedRequest, model: str) -> bool:
    """Return True to request encrypted reasoning; models that do not reason refuse it."""
    wanted = request.reasoning
    if wanted is not None and not wanted.is_off:
        return True
    return _REASONS.match(model) is not None


def _caching(request: ParsedRequest) -> dict[str, Any]:
    """Build the cache fields; prefixes are cached anyway, these group them and set a lifetime.

    https://platform.openai.com/docs/guides/prompt-caching
    """
    fields: dict[str, Any] = {"prompt_cache_key": request.cache_key}
    match request.caching.ttl if request.caching is not None else None:
        case "24h" | "in_memory" as ttl:
            fields["prompt_cache_retention"] = ttl
        case "30m" | "12h" as ttl:
            fields["prompt_cache_options"] = {"ttl": ttl}
    return fields


def _mentioning_json(
    request: ParsedRequest, turns: Sequence[Message], quirks: Quirks
) -> list[dict[str, Any]]:
    output = request.output
    if output is not None and output.schema is not None and not quirks.json_schema:
        return message_items(Message("system", json_instruction(output.schema)))
    # OpenAI refuses this mode if no message mentions JSON.
    if output is None or output.schema is not None:
        return []
    if any("json" in turn.text.lower() for turn in turns):
        return []
    return message_items(Message("system", "Answer with a JSON object and nothing else."))


def _text(request: ParsedRequest, quirks: Quirks, notes: list[str]) -> dict[str, Any] | None:
    """Build the `text` field.

    https://platform.openai.com/docs/guides/structured-outputs
    """
    output = request.output
    if output is None:
        return None
    if output.schema is None:
        return {"format": {"type": "json_object"}}
    if not quirks.json_schema:
        notes += asked_in_words(output)
        mode = quirks.json_mode and output.schema.get("type") == "object"
        return {"format": {"type": "json_object"}} if mode else None
    if quirks.any_schema:
        schema, strict = dict(resolved(output.schema)), bool(output.strict)
    else:
        schema, strict = schema_to_send(output, output.schema)
    if not strict:
        notes += asked_without_strict(output)
    described = {} if output.description is None else {"description": output.description}
    return {
        "format": {
            "type": "json_schema",
            "name": re.sub(r"[^a-zA-Z0-9_-]", "_", output.name)[:64],
            **described,
            "schema": schema,
            "strict": strict,
        }
    }


# --- Tools ---


def _tool(tool: Tool | ProviderTool, quirks: Quirks, notes: list[str]) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return _flat(tool.definition)
    found = offered(tool, PARAMETERS_OF_ANY_SCHEMA if quirks.any_schema else PARAMETERS)
    notes += found.notes
    described = {} if found.description is None else {"description": found.description}
    return {
        "type": "function",
        "name": tool.name,
        **described,
        "parameters": found.parameters,
        # If omitted, the API would try strict mode, which fills in optional parameters.
        "strict": bool(found.strict),
    }


def _flat(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the definition of a custom tool from the format of Chat Completions, if needed.

    https://platform.openai.com/docs/guides/function-calling#custom-tools
    """
    match definition:
        case {"type": "custom", "custom": Mapping() as custom}:
            match custom.get("format"):
                case {"type": "grammar", "grammar": Mapping() as grammar}:
                    custom = {**custom, "format": {"type": "grammar", **grammar}}
            return {"type": "custom", **custom}
    return dict(definition)


def _custom_names(tools: Sequence[Tool | ProviderTool]) -> frozenset[str]:
    flat = [_flat(tool.definition) for tool in tools if isinstance(tool, ProviderTool)]
    return frozenset(str(tool.get("name")) for tool in flat if tool.get("type") == "custom")


def _tool_choice(request: ParsedRequest, custom: frozenset[str]) -> str | dict[str, Any] | None:
    choice = request.choice
    if isinstance(choice, NamedTool):
        if "tool_choice" in request.extra_params:
            return None
        own = [t.definition for t in request.tools if isinstance(t, ProviderTool)]
        if choice.name not in custom and any(each.get("type") == choice.name for each in own):
            return _server_tool(choice.name)
        return {"type": "custom" if choice.name in custom else "function", "name": choice.name}
    if choice != "required" and not request.tools and "tools" not in request.extra_params:
        # OpenAI refuses a tool choice without tools.
        return None
    return choice


def _server_tool(kind: str) -> dict[str, Any]:
    """Force a tool that the server runs, which has no name.

    https://platform.openai.com/docs/api-reference/responses/create#responses-create-tool_choice
    """
    return {"type": "allowed_tools", "mode": "required", "tools": [{"type": kind}]}
