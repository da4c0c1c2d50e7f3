"""The messages of a conversation in the format of Chat Completions.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.media import HEAD_BYTES, media_type_of
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
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.call_ids import CallIds
from llmring.dialects.dialect import Quirks
from llmring.dialects.document_text import text_of
from llmring.dialects.history import fitted
from llmring.dialects.openai_chat.own_fields import own_extra, with_own_fields
from llmring.dialects.openai_chat.reasoning import (
    is_content,
    reasoning_field,
    reasoning_returned,
    thought_returned,
)
from llmring.dialects.openai_chat.tool_media import with_media_moved
from llmring.dialects.system_turns import with_own_systems
from llmring.exceptions import UnsupportedFeatureError

NAME = "openai_chat"

_AUDIO = {"audio/wav": "wav", "audio/mpeg": "mp3"}


# OpenAI itself takes no longer ones.
CALL_IDS = CallIds(".{1,40}")


def encoded(
    turns: Sequence[Message], custom: frozenset[str], quirks: Quirks
) -> list[dict[str, Any]]:
    """Build the messages, with their cache marks if the server accepts any.

    Args:
        turns: The conversation.
        custom: The names of the tools that take free text.
        quirks: Differences of this server from OpenAI's.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of a message.
    """
    turns = with_own_systems(turns, NAME)
    field = None
    roles = {turn.role for turn in turns}
    if "assistant" in roles or "tool" in roles:
        turns = fitted(turns, NAME, CALL_IDS, quirks)
        if "tool" in roles:
            turns = with_media_moved(turns, bridges=quirks.bridges)
        field = reasoning_field(turns, quirks)
    return [_message(turn, custom, quirks, field) for turn in turns]


def _message(
    turn: Message, custom: frozenset[str], quirks: Quirks, field: str | None
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if turn.role == "assistant" and not isinstance(turn.content, str):
        turn, fields = with_own_fields(turn, quirks)
    message: dict[str, Any] = {"role": turn.role, "content": _content(turn, quirks)}
    if turn.role == "assistant":
        if quirks.reasoning_field is not None:
            message |= reasoning_returned(turn, quirks, field)
        message |= fields
        if quirks.think_tags == "returned":
            message["content"] = thought_returned(turn.parts, message["content"])
    if turn.tool_calls or (fields and not message["content"]):
        message["content"] = message["content"] or None
    if turn.tool_calls:
        message["tool_calls"] = [_call(call, turn, custom, quirks) for call in turn.calls]
    if turn.role == "tool":
        message["tool_call_id"] = turn.tool_call_id
    elif turn.name:
        message["name"] = turn.name
    return message


def _call(call: ToolCall, turn: Message, custom: frozenset[str], quirks: Quirks) -> dict[str, Any]:
    id_, name, arguments = call["id"], call["function"]["name"], call["function"]["arguments"]
    if call["type"] == "custom" or name in custom:
        return {"id": id_, "type": "custom", "custom": {"name": name, "input": arguments}}
    function = {"name": name, "arguments": arguments}
    sent = {"id": id_, "type": "function", "function": function}
    if extra := own_extra(call, turn.origin, quirks):
        return {**sent, "extra_content": extra}
    if quirks.signed_calls and (signature := call.get("signature")):
        # https://ai.google.dev/gemini-api/docs/thought-signatures#openai
        sent["extra_content"] = {"google": {"thought_signature": signature}}
    return sent


# --- Content ---


def _content(turn: Message, quirks: Quirks) -> str | list[dict[str, Any]]:
    if isinstance(turn.content, str) and (quirks.caching != "marks" or not turn.metadata):
        return turn.content
    parts = [part for part in turn.parts if _is_said(part, turn.role)]
    marks = _marks(turn, parts) if quirks.caching == "marks" else {}
    if not marks and len(parts) < 2 and all(isinstance(part, TextPart) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, TextPart))
    return [
        dict(part.content)
        if isinstance(part, ProviderPart)
        else {**_part(part, turn.role), **({"cache_control": marks[at]} if at in marks else {})}
        for at, part in enumerate(parts)
    ]


# The items of a reply that have a field of their own in it.
_OF_REPLIES = frozenset({"message", "audio", "image_url"})


def _is_said(part: Part, role: str) -> bool:
    """Return True for a part of the content; reasoning goes back in its own field, if at all."""
    if not isinstance(part, ProviderPart):
        return not isinstance(part, ReasoningPart)
    if part.dialect != NAME:
        return False
    kind = part.content.get("type")
    return role != "assistant" or (kind not in _OF_REPLIES and is_content(part.content))


def _marks(turn: Message, parts: Sequence[Part]) -> dict[int, Mapping[str, Any]]:
    """Return the cache marks by the position of the last part to be cached."""
    marks: dict[int, Mapping[str, Any]] = {
        at: part.cache_control
        for at, part in enumerate(parts)
        if not isinstance(part, ReasoningPart | ProviderPart) and part.cache_control
    }
    if parts and turn.cache_control:
        marks[len(parts) - 1] = turn.cache_control
    return marks


def _part(part: Part, role: str) -> dict[str, Any]:
    if isinstance(part, DocumentPart) and (text := text_of(part)) is not None:
        # Documents must be PDFs here, but any server accepts the content of a text document.
        return {"type": "text", "text": text}
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case _ if role != "user":
            raise UnsupportedFeatureError(
                f"Chat Completions takes only text in a message of role {role!r}; put images, "
                "audio and documents into a user message"
            )
        case ImagePart():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "image_url", "image_url": {"url": _url(part), **detail}}
        case AudioPart():
            return {"type": "input_audio", "input_audio": _audio(part)}
        case DocumentPart():
            return {"type": "file", "file": _file(part)}
        case UploadedPart(media_type="application/pdf"):
            return {"type": "file", "file": {"file_id": part.id}}
    raise UnsupportedFeatureError(
        "Chat Completions takes no uploaded files but PDFs; send an image by its URL or its bytes, "
        "and a text as text"
    )


def _url(image: ImagePart) -> str:
    if image.url is not None or image.media_type is not None:
        return image.as_url
    try:
        found = media_type_of(base64.b64decode((image.data or "")[: 4 * (HEAD_BYTES // 3)]))
    except binascii.Error:
        found = None
    if found is None or not found.startswith("image/"):
        raise UnsupportedFeatureError(
            "the type of an image cannot be detected from its bytes; set its media_type, such as "
            "image/png"
        )
    return f"data:{found};base64,{image.data}"


def _audio(part: AudioPart) -> dict[str, str]:
    kind = _AUDIO.get(part.media_type)
    if kind is None:
        raise UnsupportedFeatureError(
            f"Chat Completions takes audio as WAV (audio/wav) or MP3 (audio/mpeg), not as "
            f"{part.media_type}; convert it"
        )
    return {"data": part.data, "format": kind}


def _file(part: DocumentPart) -> dict[str, str]:
    # https://developers.openai.com/api/docs/guides/file-inputs
    if part.data is None:
        raise UnsupportedFeatureError(
            "Chat Completions takes no document URLs; load the document and send its data in base64"
        )
    if part.media_type != "application/pdf":
        raise UnsupportedFeatureError(
            f"Chat Completions takes documents as PDF or text, not as {part.media_type}; convert it"
        )
    url = f"data:{part.media_type};base64,{part.data}"
    return {"filename": part.name or "document.pdf", "file_data": url}
