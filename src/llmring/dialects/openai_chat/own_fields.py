"""Further fields of earlier answers in Chat Completions, for the servers that accept them.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages (`refusal`, `audio`)
https://openrouter.ai/docs/features/multimodal/pdfs (`annotations`)
https://ai.google.dev/gemini-api/docs/thought-signatures#openai (`extra_content`)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from llmring.chat.parts import Part, ProviderPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.dialect import Quirks

_NAME = "openai_chat"


def with_own_fields(turn: Message, quirks: Quirks) -> tuple[Message, dict[str, Any]]:
    """Return an assistant's message without the text that a field holds, and these fields.

    Args:
        turn: The message.
        quirks: Differences of this server from OpenAI's.
    """
    for part in turn.parts:
        if _is_message(part):
            break
    else:
        return turn, {}
    fields: dict[str, Any] = {}
    parts: list[Part] = []
    for part in turn.parts:
        if not isinstance(part, ProviderPart) or not _is_message(part):
            parts.append(part)
            continue
        own = _accepted(part.content, quirks)
        fields |= own
        text = part.content.get("text")
        spoken = TextPart(text) if isinstance(text, str) else None
        if ("refusal" in own or "audio" in own) and parts and parts[-1] == spoken:
            parts.pop()
    return msgspec.structs.replace(turn, content=parts), fields


def own_extra(call: ToolCall, origin: str | None, quirks: Quirks) -> Mapping[str, Any] | None:
    """Return the further fields of a call if this server sent or accepts them.

    Args:
        call: The call.
        origin: The provider that requested it, if known.
        quirks: Differences of this server from OpenAI's.
    """
    extra = call.get("extra_content")
    if not extra:
        return None
    known = "extra_content" in quirks.message_fields if origin is None else origin == quirks.server
    return extra if known else None


def _is_message(part: Part) -> bool:
    return (
        isinstance(part, ProviderPart)
        and part.dialect == _NAME
        and part.content.get("type") == "message"
    )


def _accepted(content: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    fields = {name: content[name] for name in sorted(quirks.message_fields) if name in content}
    if isinstance(audio := fields.get("audio"), Mapping):
        # The API has the sound; it takes only its ID back.
        fields["audio"] = {"id": audio.get("id")}
    return fields
