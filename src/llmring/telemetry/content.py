"""Prompts and answers in traces, for applications that ask for them.

The forms of `gen_ai.input.messages` and `gen_ai.output.messages`, as JSON:
https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs/gen-ai
Images, documents and audio are named, without their data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import Message
from llmring.chat.response import LLMResponse
from llmring.redaction import redact


def input_messages(request: ParsedRequest) -> str:
    """Format the conversation that a request sends."""
    return _json([{"role": turn.role, "parts": list(_parts(turn))} for turn in request.turns])


def output_messages(reply: LLMResponse) -> str:
    """Format an answer."""
    message = {"role": "assistant", "parts": list(_parts(reply.message))}
    return _json([{**message, "finish_reason": reply.finish_reason or "error"}])


def _parts(message: Message) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        yield {
            "type": "tool_call_response",
            "id": message.tool_call_id,
            "response": message.text,
        }
        return
    for part in message.parts:
        if shown := _part(part):
            yield shown
    for call in message.calls:
        yield {"type": "tool_call", "id": call["id"], **call["function"]}


def _part(part: Part) -> dict[str, Any] | None:
    match part:
        case TextPart(text=text):
            return {"type": "text", "content": text} if text else None
        case ReasoningPart(text=text):
            return {"type": "reasoning", "content": text} if text else None
        case ImagePart(media_type=kind):
            return {"type": "image", "mime_type": kind}
        case DocumentPart(media_type=kind) | UploadedPart(media_type=kind):
            return {"type": "document", "mime_type": kind}
        case AudioPart(media_type=kind):
            return {"type": "audio", "mime_type": kind}
        case _:
            return None


def _json(messages: list[dict[str, Any]]) -> str:
    return redact(json_bytes(messages).decode())
