"""A chat request as JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat import parts
from llmring.chat.caching import Caching
from llmring.chat.output_format import OutputFormat
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool

_PARTS: dict[str, Any] = {
    "text": parts.TextPart,
    "commentary": parts.CommentaryPart,
    "image": parts.ImagePart,
    "document": parts.DocumentPart,
    "audio": parts.AudioPart,
    "uploaded": parts.UploadedPart,
    "reasoning": parts.ReasoningPart,
    "provider": parts.ProviderPart,
}
_KINDS = {kind: name for name, kind in _PARTS.items()}

# Fields that mean the same in every call, and are JSON or can be converted to it.
_PLAIN = (
    "temperature",
    "max_tokens",
    "reasoning_tokens",
    "metadata",
    "json_response",
    "extra_params",
    "top_p",
    "stop",
    "seed",
    "reasoning_effort",
    "max_repairs",
)


def to_json(request: LLMRequest) -> dict[str, Any]:
    """Return the request as plain values, without fields that are not set."""
    choice, output, caching = request.choice(), request.output(), request.caching()
    fields: dict[str, Any] = {
        "messages": [_message(message) for message in request.turns()],
        **{name: getattr(request, name) for name in _PLAIN},
        "files": [str(file) for file in request.files or ()],
        "tools": [_tool(tool) for tool in request.toolset()],
        "tool_choice": {"name": choice.name} if isinstance(choice, NamedTool) else choice,
        "response_format": None if output is None else _format(output),
        "cache": None if caching is None else _set_fields(caching) or True,
        "allow_empty": request.allow_empty or None,
    }
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _message(message: Message) -> dict[str, Any]:
    content = message.content
    fields = {
        "role": message.role,
        "content": content
        if content is None or isinstance(content, str)
        else [{"part": _KINDS[type(part)], **_set_fields(part)} for part in message.parts],
        "tool_calls": message.tool_calls,
        "tool_call_id": message.tool_call_id,
        "name": message.name,
        "metadata": message.metadata,
        "origin": message.origin,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _tool(tool: Tool | ProviderTool) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return {"definition": tool.definition}
    return _set_fields(tool, Tool.__struct_fields__)


def _format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": _set_fields(output, ("name", "description", "schema", "strict")),
    }


def _set_fields(value: Struct, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the fields of a value that are set."""
    fields = {name: getattr(value, name) for name in names or value.__struct_fields__}
    return {name: each for name, each in fields.items() if each is not None and each != {}}


def from_json(alias: str, saved: Mapping[str, Any]) -> LLMRequest:
    """Build the request that JSON describes; the model is the alias."""
    saved_fields = dict(saved)
    read: dict[str, Callable[[Any], Any]] = {
        "messages": lambda these: [_read_message(each) for each in these],
        "tools": lambda these: [_read_tool(each) for each in these],
        "cache": lambda these: these if these is True else Caching(**these),
    }
    fields = {
        name: read.get(name, lambda each: each)(value) for name, value in saved_fields.items()
    }
    return LLMRequest(model=alias, **fields)


def _read_message(saved: Mapping[str, Any]) -> Message:
    content = saved.get("content")
    if isinstance(content, list):
        content = [_read_part(each) for each in content]
    return Message(**{**saved, "content": content})


def _read_part(saved: Mapping[str, Any]) -> parts.Part:
    fields = {name: value for name, value in saved.items() if name != "part"}
    part: parts.Part = msgspec.convert(fields, _PARTS[saved["part"]])
    return part


def _read_tool(saved: Mapping[str, Any]) -> Tool | ProviderTool:
    kind: type[Tool | ProviderTool] = ProviderTool if "definition" in saved else Tool
    return msgspec.convert(saved, kind)
