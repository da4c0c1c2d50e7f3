"""Requests in the format of Ollama's API, as clients send them: a chat, or one prompt.

https://docs.ollama.com/api/chat
https://docs.ollama.com/api/generate

A request without messages, or without a prompt, only loads the model (with `keep_alive: 0`, it
unloads it); the library's request then has no messages either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from llmring.chat.output_format import OutputFormat
from llmring.chat.parts import Part, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tool_parsing import parse_tool
from llmring.chat.tools import ProviderTool, Tool
from llmring.dialects.ollama.decode_messages import decoded_messages, images_of
from llmring.dialects.request_decoding import (
    BodyFields,
    ClientRequest,
    RequestFormatError,
    body_object,
    check,
)
from llmring.exceptions import ValidationError

_MODEL = Annotated[str, Meta(min_length=1)]
_SEED = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_LIMIT = Annotated[int, Meta(ge=-(2**53), le=2**53)]


def decode(body: bytes, headers: Mapping[str, str]) -> ClientRequest:  # noqa: ARG001 -- one form for all dialects
    """Decode the body of a chat, or of one prompt, which has no messages.

    Args:
        body: The JSON body.
        headers: Not used; the API has all in the body.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    found = body_object(body)
    fields = BodyFields(found)
    model = fields.need("model", _MODEL)
    messages = fields.take("messages", list[Any])
    turns = _prompted(fields) if messages is None else decoded_messages(messages)
    stream = fields.take("stream", bool)
    own_tools, tools = _tools(fields)
    options = BodyFields(fields.take("options", dict[str, Any]) or {}, "options")
    request = LLMRequest(
        messages=turns,
        temperature=options.take("temperature", float),
        top_p=options.take("top_p", float),
        max_tokens=_max_tokens(options),
        response_format=_format(fields),
        tools=tools or None,
        stop=options.take("stop", str | list[str]) or None,
        seed=options.take("seed", _SEED),
        reasoning_effort=_effort(fields),
    )
    own = {**({"options": left} if (left := options.left()) else {}), **own_tools}
    required = _required(fields)
    return ClientRequest(
        model=model,
        request=request,
        stream=stream is not False,
        own={**fields.left(), **own},
        required_own=required,
    )


# --- One prompt ---


def _prompted(fields: BodyFields) -> list[Message]:
    system, prompt = fields.take("system", str), fields.take("prompt", str)
    content: list[Part] = [*images_of(fields.take("images", list[str]), "images")]
    if prompt:
        content.append(TextPart(prompt))
    turns = [Message("system", system)] if system else []
    if not content:
        return []
    return [*turns, Message("user", prompt if len(content) == 1 and prompt else content)]


# --- Fields of both ---


def _max_tokens(options: BodyFields) -> int | None:
    # https://docs.ollama.com/modelfile#valid-parameters-and-values: -1 means no limit.
    limit: int | None = options.take("num_predict", _LIMIT)
    return limit if limit is not None and limit > 0 else None


def _format(fields: BodyFields) -> OutputFormat | None:
    # https://docs.ollama.com/capabilities/structured-outputs
    match fields.take("format", str | dict[str, Any]):
        case None | "":
            return None
        case "json":
            return OutputFormat()
        case dict() as schema:
            # The server enforces every schema.
            return OutputFormat(schema, strict=True)
    raise RequestFormatError('format must be "json" or a JSON Schema', "format")


# https://docs.ollama.com/capabilities/thinking
_EFFORTS: Mapping[bool | str, str] = MappingProxyType(
    {False: "none", True: "medium", "low": "low", "medium": "medium", "high": "high", "max": "max"}
)


def _effort(fields: BodyFields) -> str | None:
    think = fields.take("think", bool | str)
    if think is None or think == "":
        return None
    if think not in _EFFORTS:
        raise RequestFormatError(
            "think must be true, false, or one of low, medium, high and max", "think"
        )
    return _EFFORTS[think]


_OF_TOOL = frozenset({"type", "function"})
_OF_FUNCTION = frozenset({"name", "description", "parameters"})


def _tools(fields: BodyFields) -> tuple[dict[str, Any], list[Tool | ProviderTool]]:
    """Take the tools; they are the API's own too if there is more in them."""
    given = fields.take("tools", list[dict[str, Any]]) or []
    tools = [_tool(each, f"tools.{at}") for at, each in enumerate(given)]
    return ({"tools": given} if any(map(_has_more, given)) else {}), tools


def _tool(tool: dict[str, Any], path: str) -> Tool | ProviderTool:
    if "function" not in tool:
        return ProviderTool(tool)
    check(tool["function"], dict[str, Any], f"{path}.function")
    function = {name: each for name, each in tool["function"].items() if each is not None}
    BodyFields(function, f"{path}.function").need("name", str)
    try:
        found = parse_tool({"type": "function", "function": function})
    except ValidationError as error:
        raise RequestFormatError(f"{path}: {error}", path) from None
    check(msgspec.structs.asdict(found), Tool, path)
    return found


def _has_more(tool: Mapping[str, Any]) -> bool:
    """Return True if a function has fields that only this server knows."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return False
    return not (tool.keys() <= _OF_TOOL and function.keys() <= _OF_FUNCTION)


# Fields without which the answer would be another one: their types, and whether that is so with a
# value.
_MATTERS: Mapping[str, tuple[Any, Callable[[Any], bool]]] = MappingProxyType(
    {
        "suffix": (str, bool),
        "template": (str, bool),
        "raw": (bool, bool),
        "context": (list[int], bool),
        "logprobs": (bool, bool),
        "top_logprobs": (int, bool),
        "width": (int, bool),
        "height": (int, bool),
        "steps": (int, bool),
    }
)


def _required(fields: BodyFields) -> tuple[str, ...]:
    required = []
    for name, (kind, matters) in _MATTERS.items():
        value = fields.take(name, kind)
        if value is not None:
            fields.keep(name, value)
            if matters(value):
                required.append(name)
    return tuple(required)
