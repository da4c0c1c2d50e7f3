"""The Responses API of OpenAI and of compatible servers.

https://platform.openai.com/docs/api-reference/responses
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import (
    CommentaryPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
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
from llmring.dialects.openai_responses.pictures import shown, without_pictures
from llmring.dialects.openai_responses.reach import renamed
from llmring.exceptions import UnsupportedFeatureError
from llmring.json_schema.prompt import json_instruction
from llmring.json_schema.references import resolved

NAME = "openai_responses"

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
    turns = fitted(request.turns, NAME, CALL_IDS, quirks)
    # Items that the server stores are found there; by default it stores nothing.
    stored = request.extra_params.get("store") is True
    notes: list[str] = []
    fields: dict[str, Any] = {
        "model": model,
        "input": [*_mentioning_json(request, turns, quirks), *_input(turns, custom, stored=stored)],
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": _max_tokens(request),
        "tools": [_tool(tool, quirks, notes) for tool in tools] or None,
        "tool_choice": _tool_choice(request, custom),
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
    return request.max_tokens + request.reasoning_tokens


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
    caching = request.caching
    if caching is None:
        return {}
    fields: dict[str, Any] = {"prompt_cache_key": caching.key}
    match caching.ttl:
        case "24h" | "in_memory":
            fields["prompt_cache_retention"] = caching.ttl
        case "30m" | "12h":
            fields["prompt_cache_options"] = {"ttl": caching.ttl}
    return fields


def _mentioning_json(
    request: ParsedRequest, turns: Sequence[Message], quirks: Quirks
) -> list[dict[str, Any]]:
    output = request.output
    if output is not None and output.schema is not None and not quirks.json_schema:
        return _message(Message("system", json_instruction(output.schema)))
    # OpenAI refuses this mode if no message mentions JSON.
    if output is None or output.schema is not None:
        return []
    if any("json" in turn.text.lower() for turn in turns):
        return []
    return _message(Message("system", "Answer with a JSON object and nothing else."))


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
        return {"type": "custom" if choice.name in custom else "function", "name": choice.name}
    if choice != "required" and not request.tools and "tools" not in request.extra_params:
        # OpenAI refuses a tool choice without tools.
        return None
    return choice


# --- Messages ---


class _CallHistory(Struct):
    """The calls so far: those whose input is free text, and what made them, if not the model."""

    custom: frozenset[str]
    free: set[str] = set()
    callers: dict[str, Any] = {}


def _input(
    turns: Iterable[Message], custom: frozenset[str], *, stored: bool
) -> list[dict[str, Any]]:
    calls = _CallHistory(custom)
    items: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role != "tool":
            items += shown(pictures)
            pictures = []
        match turn.role:
            case "assistant":
                said = _assistant(turn, calls)
                if not stored:
                    said, pictures = without_pictures(said)
                items += said
            case "tool":
                items.append(_result(turn, calls))
            case _:
                items += _message(turn)
    return items + shown(pictures)


def _message(turn: Message) -> list[dict[str, Any]]:
    # Answers to the API's own items are already in the API's format.
    own = [
        dict(part.content)
        for part in turn.parts
        if isinstance(part, ProviderPart) and part.dialect == NAME
    ]
    parts = [part for part in turn.parts if not isinstance(part, ProviderPart)]
    if own and not parts:
        return own
    return [{"type": "message", "role": turn.role, "content": _content(parts)}, *own]


def _assistant(turn: Message, calls: _CallHistory) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    text = ""
    # The fields of the text so far, unless a mark after it has others.
    fields: Mapping[str, Any] = _MESSAGE
    for part in turn.parts:
        match part:
            case TextPart():
                kind = _REMARK if isinstance(part, CommentaryPart) else _MESSAGE
                if text and kind != fields:
                    items += _assistant_text(text, fields)
                    text = ""
                fields = kind
                text += part.text
            case ProviderPart(content=mark) if _is_mark(part):
                items += _marked_text(text, mark, fields)
                text = ""
            case ReasoningPart() | ProviderPart():
                items += _assistant_text(text, fields)
                text = ""
                items += _replayed(part)
            case _:
                raise UnsupportedFeatureError(
                    "the Responses API takes only text in an assistant message; put images and "
                    "documents into a user message"
                )
    items += _assistant_text(text, fields)
    sent = {str(item.get("call_id")) for item in items}
    items += [_call(call, calls) for call in turn.calls if call["id"] not in sent]
    for item in items:
        if item.get("type") == "custom_tool_call":
            calls.free.add(str(item.get("call_id")))
        if item.get("caller"):
            calls.callers[str(item.get("call_id"))] = item["caller"]
    return items


def _is_mark(part: ProviderPart) -> bool:
    """Return True for a mark: the API's fields for the preceding text."""
    return part.dialect == NAME and part.content.get("type") == "message"


_MESSAGE: Mapping[str, Any] = {"type": "message", "role": "assistant"}
_REMARK: Mapping[str, Any] = {**_MESSAGE, "phase": "commentary"}


def _assistant_text(text: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**fields, "content": text}] if text else []


def _marked_text(
    text: str, mark: Mapping[str, Any], fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return a text with the fields of its mark; annotations go back only with their own text.

    https://platform.openai.com/docs/api-reference/responses/create (input, output message)
    """
    content = mark.get("content")
    if not isinstance(content, list):
        return _assistant_text(text, mark)
    whole = "".join(str(piece.get("text")) for piece in content)
    if not text.endswith(whole):
        # The application has changed the text.
        return _assistant_text(text, {key: mark[key] for key in mark if key != "content"})
    before = text[: len(text) - len(whole)]
    return [*_assistant_text(before, fields), dict(mark)]


def _replayed(part: ReasoningPart | ProviderPart) -> list[dict[str, Any]]:
    if part.dialect not in (NAME, None):
        return []
    if isinstance(part, ProviderPart):
        return [dict(part.content)]
    if part.signature is None:
        # The API accepts only its own reasoning.
        return []
    text = part.text.strip()
    item = {
        "type": "reasoning",
        "id": part.id,
        "summary": [{"type": "summary_text", "text": text}] if text else [],
        "encrypted_content": part.signature,
    }
    return [{name: value for name, value in item.items() if value is not None}]


def _call(call: ToolCall, calls: _CallHistory) -> dict[str, Any]:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    ids: dict[str, Any] = {"call_id": call["id"], "name": name}
    if (caller := call.get("caller", {})).get("type") in _CALLERS:
        ids["caller"] = caller
    if call["type"] == "custom" or name in calls.custom:
        return {"type": "custom_tool_call", **ids, "input": arguments}
    return {"type": "function_call", **ids, "arguments": arguments}


# Anthropic's calls have callers of other types.
_CALLERS = frozenset({"direct", "program"})


def _result(turn: Message, calls: _CallHistory) -> dict[str, Any]:
    call_id = turn.tool_call_id or ""
    kind = "custom_tool_call_output" if call_id in calls.free else "function_call_output"
    result = {"type": kind, "call_id": call_id, "output": _content(turn.parts)}
    # The result goes to what made the call.
    # https://developers.openai.com/api/docs/guides/tools-programmatic-tool-calling
    caller = _given_caller(turn) or calls.callers.get(call_id)
    return result | {"caller": caller} if caller else result


def _given_caller(turn: Message) -> Any:
    for part in turn.parts:
        if isinstance(part, ProviderPart) and part.content.get("type") == "caller":
            return part.content["caller"]
    return None


def _content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    # Only assistants reason, and only the API's own items are sent in the API's format.
    content = [part for part in parts if not isinstance(part, ReasoningPart | ProviderPart)]
    if len(content) < 2 and all(isinstance(part, TextPart) for part in content):
        return "".join(part.text for part in content if isinstance(part, TextPart))
    return [_part(part) for part in content]


def _part(part: Part) -> dict[str, Any]:
    """Build a content part.

    https://platform.openai.com/docs/guides/images-vision, …/guides/pdf-files
    """
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text}
        case ImagePart():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "input_image", "image_url": part.as_url, **detail}
        case DocumentPart(data=str(data)):
            name = part.name or "document." + part.media_type.rpartition("/")[2]
            url = f"data:{part.media_type};base64,{data}"
            return {"type": "input_file", "filename": name, "file_data": url}
        case DocumentPart():
            return {"type": "input_file", "file_url": part.url}
        case UploadedPart():
            kind = "input_image" if part.media_type.startswith("image/") else "input_file"
            return {"type": kind, "file_id": part.id}
    raise UnsupportedFeatureError(
        "the Responses API takes no audio; send a transcript, or use a model that is served by "
        "Chat Completions"
    )
