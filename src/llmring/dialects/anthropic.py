"""The Messages API of Anthropic: how a request is put, and the dialect as a whole.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects import anthropic_reply
from llmring.dialects.dialect import Dialect, Outgoing, Quirks, json_object, merged
from llmring.exceptions import UnsupportedFeatureError, ValidationError

# The API has no default of its own; fit for the smaller of the models that it still serves.
MAX_TOKENS = 8192
LEAST_THINKING = 1024
LEAST_TOP_P_WITH_THINKING = 0.95

_JSON_ONLY = "Answer with one JSON object and nothing else, without a code fence."


def encode(request: LLMRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:  # noqa: ARG001
    """The request for `POST /v1/messages`.

    Raises:
        UnsupportedFeatureError: A part of a message is of a kind that the API does not take.
        ValidationError: A document is not the base64 that it should be.
    """
    turns = request.turns()
    thinking = _thinking(request)
    payload: dict[str, Any] = {
        "model": model,
        "max_tokens": _max_tokens(request, thinking),
        "messages": _messages(turns),
    }
    system = [*_system(turns), *_output_instruction(request)]
    optional = {
        "system": system,
        "stop_sequences": request.stops(),
        "tools": [_tool(tool) for tool in request.toolset()],
        "tool_choice": _tool_choice(request.choice()) if request.tools else None,
        "thinking": thinking,
        "output_config": _output_config(request),
        "stream": stream,
    }
    payload |= {name: value for name, value in optional.items() if value}
    payload |= _sampling(request, thinking)
    return Outgoing("/v1/messages", merged(payload, request.extra_params))


def _thinking(request: LLMRequest) -> dict[str, Any] | None:
    if request.reasoning_tokens is None:
        return None
    if request.reasoning_tokens <= 0:
        return {"type": "disabled"}
    # The API refuses thinking beside a forced call; of the two, the call is counted on.
    # https://platform.claude.com/docs/en/build-with-claude/extended-thinking
    if request.tools and request.choice() not in (None, "auto", "none"):
        return None
    return {"type": "enabled", "budget_tokens": max(LEAST_THINKING, request.reasoning_tokens)}


def _max_tokens(request: LLMRequest, thinking: Mapping[str, Any] | None) -> int:
    limit = MAX_TOKENS if request.max_tokens is None else request.max_tokens
    budget = (thinking or {}).get("budget_tokens", 0)
    # The budget is part of the limit and must be less than it.
    return limit if limit > budget else limit + budget


def _sampling(request: LLMRequest, thinking: Mapping[str, Any] | None) -> dict[str, Any]:
    temperature, top_p = request.temperature, request.top_p
    if thinking and thinking["type"] == "enabled":
        # With thinking the API refuses any other value.
        temperature = None
        top_p = top_p if top_p is not None and top_p >= LEAST_TOP_P_WITH_THINKING else None
    given = {"temperature": temperature, "top_p": top_p}
    return {name: value for name, value in given.items() if value is not None}


def _output_config(request: LLMRequest) -> dict[str, Any] | None:
    output = request.output()
    if output is None or output.schema is None:
        return None
    return {"format": {"type": "json_schema", "schema": output.schema}}


def _output_instruction(request: LLMRequest) -> list[dict[str, Any]]:
    # The API has no JSON mode without a schema.
    output = request.output()
    if output is None or output.schema is not None:
        return []
    return [{"type": "text", "text": _JSON_ONLY}]


def _system(turns: Iterable[Message]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for message in turns:
        if message.role == "system":
            if not all(isinstance(part, TextPart) for part in message.parts):
                raise UnsupportedFeatureError("Anthropic takes only text in a system message")
            blocks += _marked(_blocks(message.parts), message.cache_control)
    return blocks


def _messages(turns: Iterable[Message]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    unanswered: dict[str, str] = {}
    for message in turns:
        match message.role:
            case "system":
                continue
            case "assistant":
                role, blocks = "assistant", _assistant(message)
                unanswered |= {b["id"]: b["name"] for b in blocks if b["type"] == "tool_use"}
            case "tool":
                role, blocks = "user", [_tool_result(message, unanswered)]
            case _:
                role, blocks = "user", _blocks(message.parts)
        blocks = _marked(blocks, message.cache_control)
        if result and result[-1]["role"] == role:
            result[-1]["content"] += blocks
        elif blocks:
            result.append({"role": role, "content": blocks})
    for turn in result:
        # The API takes results only at the beginning of a turn.
        # https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
        turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    return result


def _assistant(message: Message) -> list[dict[str, Any]]:
    thinking = [
        _thought(part, part.signature)
        for part in message.parts
        if isinstance(part, ReasoningPart) and part.signature
    ]
    calls: list[dict[str, Any]] = [
        {
            "type": "tool_use",
            "id": _tool_id(call["id"] or call["function"]["name"]),
            "name": call["function"]["name"],
            "input": json_object(call["function"]["arguments"]),
        }
        for call in message.tool_calls or ()
    ]
    return [*thinking, *_blocks(message.parts), *calls]


def _thought(part: ReasoningPart, signature: str) -> dict[str, Any]:
    if signature.startswith(anthropic_reply.REDACTED):
        return {
            "type": "redacted_thinking",
            "data": signature.removeprefix(anthropic_reply.REDACTED),
        }
    return {"type": "thinking", "thinking": part.text, "signature": signature}


def _tool_result(message: Message, unanswered: dict[str, str]) -> dict[str, Any]:
    if message.tool_call_id:
        call = _tool_id(message.tool_call_id)
    else:
        named = (id_ for id_, name in unanswered.items() if name == message.name)
        call = next(named, _tool_id(message.name or ""))
    unanswered.pop(call, None)
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": call}
    content = _blocks(message.parts)
    return result | {"content": content} if content else result


def _tool_id(value: str) -> str:
    # Other vendors' IDs hold dots and colons, which this API refuses.
    return re.sub(r"[^a-zA-Z0-9_-]", "_", value)


def _blocks(parts: Sequence[Part]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    content: dict[str, Any] | None
    for part in parts:
        match part:
            case TextPart():
                # The API refuses blocks of nothing but whitespace.
                content = {"type": "text", "text": part.text} if part.text.strip() else None
            case ImagePart():
                content = {"type": "image", "source": _image_source(part)}
            case DocumentPart():
                content = _document(part)
            case ReasoningPart() | ProviderPart():
                continue
            case AudioPart() | UploadedPart():
                raise UnsupportedFeatureError("Anthropic takes no audio")
            case _:
                assert_never(part)
        if content is not None:
            blocks += _marked([content], part.cache_control)
    return blocks


def _image_source(part: ImagePart) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _document(part: DocumentPart) -> dict[str, Any]:
    if part.url is None and part.media_type.startswith("image/"):
        image = ImagePart(data=part.data, media_type=part.media_type)
        return {"type": "image", "source": _image_source(image)}
    block: dict[str, Any] = {"type": "document", "source": _document_source(part)}
    return block | {"title": part.name} if part.name else block


def _document_source(part: DocumentPart) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.media_type == "application/pdf":
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    if part.media_type.startswith("text/") or part.media_type == "application/json":
        return {"type": "text", "media_type": "text/plain", "data": _document_text(part)}
    raise UnsupportedFeatureError(
        f"Anthropic takes no document of type {part.media_type}; send it as PDF or text"
    )


def _document_text(part: DocumentPart) -> str:
    try:
        return base64.b64decode(part.data or "").decode("utf-8", "replace")
    except ValueError as error:
        raise ValidationError(f"the document {part.name or ''} is not base64: {error}") from error


def _marked(blocks: list[dict[str, Any]], mark: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if mark and blocks and blocks[-1]["type"] not in ("thinking", "redacted_thinking"):
        return [*blocks[:-1], blocks[-1] | {"cache_control": mark}]
    return blocks


def _tool(tool: Tool | ProviderTool) -> Mapping[str, Any]:
    if isinstance(tool, ProviderTool):
        return tool.definition
    definition: dict[str, Any] = {
        "name": tool.name,
        "input_schema": {"type": "object", "properties": {}} | dict(tool.parameters),
    }
    if tool.description is not None:
        definition["description"] = tool.description
    if tool.strict is not None:
        definition["strict"] = tool.strict
    return definition


def _tool_choice(choice: ToolChoice | None) -> dict[str, Any] | None:
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


def authorize(key: str) -> Mapping[str, str]:
    """The header that carries the key."""
    return {"x-api-key": key}


DIALECT = Dialect(
    name="anthropic",
    encode=encode,
    decode=anthropic_reply.decode,
    decoder=anthropic_reply.decoder,
    explain=anthropic_reply.explain,
    authorize=authorize,
    headers={"anthropic-version": "2023-06-01"},
)
