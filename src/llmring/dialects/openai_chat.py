"""Chat Completions, as OpenAI and the many servers compatible with it speak it.

https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.parts import DocumentPart, ImagePart, Part, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
from llmring.dialects.dialect import Dialect, Outgoing, Quirks, merged
from llmring.dialects.openai_chat_reply import decode, decoder
from llmring.dialects.openai_errors import explain
from llmring.exceptions import UnsupportedFeatureError


def encode(request: LLMRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:
    """The request as Chat Completions takes it.

    https://platform.openai.com/docs/api-reference/chat/create

    Args:
        request: What to ask; it is not changed.
        model: The model's name at the provider.
        stream: Whether the reply is to come in chunks.
        quirks: Where this server differs from OpenAI's.

    Raises:
        UnsupportedFeatureError: The request holds something that this API has no form for.
    """
    tools = request.toolset()
    custom = _custom_names(tools)
    fields: dict[str, Any] = {
        "model": model,
        "messages": _messages(request.turns(), custom),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stop": request.stops() or None,
        quirks.max_tokens_field: _max_tokens(request),
        "tools": [_tool(tool) for tool in tools] or None,
        "tool_choice": _tool_choice(request, custom),
        "response_format": _response_format(request),
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream and quirks.stream_usage else None,
    }
    payload = {name: value for name, value in fields.items() if value is not None}
    return Outgoing("/chat/completions", merged(payload, request.extra_params))


def _max_tokens(request: LLMRequest) -> int | None:
    # Reasoning is taken out of the same limit, so what it may spend comes on top.
    # https://platform.openai.com/docs/guides/reasoning#controlling-costs
    if request.max_tokens is None:
        return None
    return request.max_tokens + (request.reasoning_tokens or 0)


def _messages(turns: Sequence[Message], custom: frozenset[str]) -> list[dict[str, Any]]:
    messages = []
    id_of_call: dict[str, str] = {}
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": _content(turn)}
        if turn.tool_calls:
            message["content"] = message["content"] or None
            message["tool_calls"] = [_tool_call(call, custom) for call in turn.tool_calls]
            id_of_call |= {call["function"]["name"]: call["id"] for call in turn.tool_calls}
        if turn.role == "tool":
            name = turn.name or ""
            message["tool_call_id"] = turn.tool_call_id or id_of_call.get(name, name)
        elif turn.name:
            message["name"] = turn.name
        messages.append(message)
    return messages


def _content(message: Message) -> str | list[dict[str, Any]]:
    # Reasoning is left out: OpenAI refuses a request that has it in its messages.
    parts = [part for part in message.parts if not isinstance(part, ReasoningPart)]
    if len(parts) < 2 and all(isinstance(part, TextPart) for part in parts):
        return message.text
    return [_part(part, message.role) for part in parts]


def _part(part: Part, role: str) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart() if role == "user":
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "image_url", "image_url": {"url": part.as_url, **detail}}
        case DocumentPart(data=str(data)) if role == "user":
            name = part.name or "document." + part.media_type.rpartition("/")[2]
            url = f"data:{part.media_type};base64,{data}"
            return {"type": "file", "file": {"filename": name, "file_data": url}}
        case DocumentPart() if role == "user":
            raise UnsupportedFeatureError(
                "Chat Completions takes a document by its bytes, not by its URL; "
                "load it and give its data in base64"
            )
    raise UnsupportedFeatureError(
        f"Chat Completions takes nothing but text in a message of role {role!r}; put images and "
        "documents into a message from the user"
    )


def _tool_call(call: ToolCall, custom: frozenset[str]) -> dict[str, Any]:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    if name in custom:
        return {"id": call["id"], "type": "custom", "custom": {"name": name, "input": arguments}}
    function = {"name": name, "arguments": arguments}
    return {"id": call["id"], "type": "function", "function": function}


def _tool(tool: Tool | ProviderTool) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return dict(tool.definition)
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _custom_names(tools: Sequence[Tool | ProviderTool]) -> frozenset[str]:
    # Tools that take free text instead of JSON; their calls go back in a form of their own.
    # https://platform.openai.com/docs/guides/function-calling#custom-tools
    given = [tool.definition.get("custom") for tool in tools if isinstance(tool, ProviderTool)]
    return frozenset(str(custom.get("name")) for custom in given if isinstance(custom, Mapping))


def _tool_choice(request: LLMRequest, custom: frozenset[str]) -> str | dict[str, Any] | None:
    choice = request.choice()
    if isinstance(choice, NamedTool):
        kind = "custom" if choice.name in custom else "function"
        return {"type": kind, kind: {"name": choice.name}}
    return choice


def _response_format(request: LLMRequest) -> dict[str, Any] | None:
    output = request.output()
    if output is None:
        return None
    if output.schema is None:
        return {"type": "json_object"}
    schema = {
        "name": output.name,
        "description": output.description,
        "strict": output.strict,
        "schema": output.schema,
    }
    named = {name: value for name, value in schema.items() if value is not None}
    return {"type": "json_schema", "json_schema": named}


def _authorize(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


DIALECT = Dialect(
    name="openai_chat",
    encode=encode,
    decode=decode,
    decoder=decoder,
    explain=explain,
    authorize=_authorize,
)
