"""The call that a recorded exchange was part of, kept so that it can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat import parts
from llmring.chat.caching import Caching
from llmring.chat.output import OutputFormat
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.exceptions import ConfigurationError
from llmring.redaction import redact

# Raised when existing fields change; new fields don't raise it.
VERSION = 1

# Recordings belong in repositories; requests with attachments are too large for that.
MOST_BYTES = 64 * 1024

_PARTS: dict[str, Any] = {
    "text": parts.TextPart,
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


class Call(Struct, frozen=True):
    """A recorded call.

    Attributes:
        version: Version of the form in which the request is kept.
        alias: The alias that was called.
        at: Time of the call in UTC, in ISO 8601.
        request: The request with keys masked; None if it was too long, or not JSON.
    """

    version: int
    alias: str
    at: str
    request: Mapping[str, Any] | None = None


def call_of(request: LLMRequest, at: datetime, secrets: Iterable[str] = ()) -> Call:
    """Build the record of a call.

    Args:
        request: The request, with the alias in `model`.
        at: The time of the call, in UTC.
        secrets: Known keys, to be masked.
    """
    now = at.isoformat(timespec="milliseconds")
    return Call(VERSION, request.model or "", now, _kept(request, tuple(secrets)))


def request_of(call: Call) -> LLMRequest:
    """Restore the request of a call, ready to be sent again.

    Raises:
        ConfigurationError: The request was not kept, or can't be read.
    """
    if call.version > VERSION:
        raise ConfigurationError("it was recorded by a newer llmring; upgrade llmring")
    if call.request is None:
        raise ConfigurationError(
            f"its request was not kept, being longer than {MOST_BYTES // 1024} kB or not JSON; "
            "record a shorter one"
        )
    try:
        return _request(call)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"its request can't be read: {error!r:.200}") from error


def _kept(request: LLMRequest, secrets: tuple[str, ...]) -> Mapping[str, Any] | None:
    try:
        data = msgspec.json.encode(_plain(request))
    except (TypeError, ValueError, RecursionError):
        return None
    if len(data) > MOST_BYTES:
        return None
    kept: Mapping[str, Any] = _masked(msgspec.json.decode(data), secrets)
    return kept


def _masked(value: Any, secrets: tuple[str, ...]) -> Any:
    match value:
        case str():
            return redact(value, secrets)
        case dict():
            return {key: _masked(each, secrets) for key, each in value.items()}
        case list():
            return [_masked(each, secrets) for each in value]
    return value


def _plain(request: LLMRequest) -> dict[str, Any]:
    """Return the request as plain values, without fields that are not set."""
    choice, output, caching = request.choice(), request.output(), request.caching()
    told: dict[str, Any] = {
        "messages": [_message(message) for message in request.turns()],
        **{name: getattr(request, name) for name in _PLAIN},
        "files": [str(file) for file in request.files or ()],
        "tools": [_tool(tool) for tool in request.toolset()],
        "tool_choice": {"name": choice.name} if isinstance(choice, NamedTool) else choice,
        "response_format": None if output is None else _format(output),
        "cache": None if caching is None else _said(caching) or True,
    }
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _message(message: Message) -> dict[str, Any]:
    content = message.content
    told = {
        "role": message.role,
        "content": content
        if content is None or isinstance(content, str)
        else [{"part": _KINDS[type(part)], **_said(part)} for part in message.parts],
        "tool_calls": message.tool_calls,
        "tool_call_id": message.tool_call_id,
        "name": message.name,
        "metadata": message.metadata,
    }
    return {name: value for name, value in told.items() if value is not None}


def _tool(tool: Tool | ProviderTool) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return {"definition": tool.definition}
    return _said(tool, Tool.__struct_fields__)


def _format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": _said(output, ("name", "description", "schema", "strict")),
    }


def _said(value: Struct, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the fields of a value that are set."""
    told = {name: getattr(value, name) for name in names or value.__struct_fields__}
    return {name: each for name, each in told.items() if each is not None and each != {}}


def _request(call: Call) -> LLMRequest:
    told = dict(call.request or {})
    read: dict[str, Callable[[Any], Any]] = {
        "messages": lambda kept: [_read_message(each) for each in kept],
        "tools": lambda kept: [_read_tool(each) for each in kept],
        "cache": lambda kept: kept if kept is True else Caching(**kept),
    }
    fields = {name: read.get(name, lambda kept: kept)(value) for name, value in told.items()}
    return LLMRequest(model=call.alias, **fields)


def _read_message(kept: Mapping[str, Any]) -> Message:
    content = kept.get("content")
    if isinstance(content, list):
        content = [_read_part(each) for each in content]
    return Message(**{**kept, "content": content})


def _read_part(kept: Mapping[str, Any]) -> parts.Part:
    fields = {name: value for name, value in kept.items() if name != "part"}
    part: parts.Part = msgspec.convert(fields, _PARTS[kept["part"]])
    return part


def _read_tool(kept: Mapping[str, Any]) -> Tool | ProviderTool:
    kind: type[Tool | ProviderTool] = ProviderTool if "definition" in kept else Tool
    return msgspec.convert(kept, kind)
