"""The request of a call: llm's messages, tools, schema and options in llmring's form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import llm
from llm.models import Prompt
from llm.parts import (
    AttachmentPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

import llmring
from llmring import LLMRequest, Message, Tool, ToolCall, ValidationError

# The key under which llm keeps an answer as llmring has it, with signatures and IDs.
METADATA = "llmring"


def request_of(alias: str, model: llm.Model | llm.AsyncModel, prompt: Prompt) -> LLMRequest:
    """Build the request of a prompt.

    Args:
        alias: The alias to call.
        model: The model of llm, which tools of a provider's own servers ask for.
        prompt: The prompt, with the conversation before it.

    Raises:
        ValidationError: An attachment can't be read.
    """
    options = prompt.options.model_dump(exclude_none=True)
    options.pop("profile", None)
    if options.pop("json_object", False):
        options["json_response"] = True
    return LLMRequest(
        model=alias,
        messages=[each for message in prompt.messages for each in _messages(message)],
        tools=[_tool(model, each) for each in prompt.tools] or None,
        response_format=_format(prompt.schema),
        **options,
    )


def profile_of(prompt: Prompt) -> str | None:
    """Return the profile of the lockfile that a prompt names, if it does."""
    profile: str | None = getattr(prompt.options, "profile", None)
    return profile


def _format(schema: Any) -> dict[str, Any] | None:
    if not schema:
        return None
    return {"type": "json_schema", "json_schema": {"name": "output", "schema": schema}}


def _tool(
    model: llm.Model | llm.AsyncModel, tool: llm.Tool | llm.ServerSideTool
) -> Tool | dict[str, Any]:
    if isinstance(tool, llm.ServerSideTool):
        return dict(tool.tool_spec(model))
    return Tool(tool.name, tool.description, tool.input_schema)


def _messages(message: llm.Message) -> Iterator[Message]:
    """Yield the messages for one of llm's; each result of a tool is one."""
    match message.role:
        case "assistant":
            yield _kept(message.parts) or _answer(message.parts)
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResultPart):
                    yield _result(part)
        case role:
            yield Message(role, [_content(part) for part in message.parts])


def _kept(parts: list[Part]) -> Message | None:
    """Return the answer as llmring gave it, if it did."""
    for part in parts:
        kept = (getattr(part, "provider_metadata", None) or {}).get(METADATA)
        if kept is not None:
            return Message(**kept)
    return None


def _answer(parts: list[Part]) -> Message:
    """Build the answer of another plugin's model; what its servers ran is left out."""
    content = [
        llmring.ReasoningPart(part.text)
        if isinstance(part, ReasoningPart)
        else llmring.TextPart(part.text)
        for part in parts
        if isinstance(part, TextPart | ReasoningPart) and part.text
    ]
    calls = [
        _call(part) for part in parts if isinstance(part, ToolCallPart) and not part.server_executed
    ]
    return Message("assistant", content, tool_calls=calls)


def _call(part: ToolCallPart) -> ToolCall:
    arguments = json.dumps(part.arguments)
    return {
        "id": part.tool_call_id or part.name,
        "type": "function",
        "function": {"name": part.name, "arguments": arguments},
    }


def _result(part: ToolResultPart) -> Message:
    content = [part.output, *map(_attachment, part.attachments)]
    return Message(
        "tool",
        content if part.attachments else part.output,
        tool_call_id=part.tool_call_id or part.name,
        name=part.name,
    )


def _content(part: Part) -> Any:
    match part:
        case TextPart():
            return part.text
        case AttachmentPart(attachment=llm.Attachment() as attachment):
            return _attachment(attachment)
        case _:
            raise ValidationError(f"{type(part).__name__} can't be part of a prompt")


def _attachment(attachment: llm.Attachment) -> Any:
    source = attachment.url or attachment.path or attachment.content or b""
    try:
        return llmring.attachment(source, media_type=attachment.type)
    except ValidationError:
        if not attachment.url:
            raise
        # The address does not show the type, so llm asks the server.
        return llmring.attachment(source, media_type=attachment.resolve_type())
