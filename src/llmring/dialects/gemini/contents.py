"""The messages of a conversation in the format of Google's Gemini API.

https://ai.google.dev/api/caching#Content
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from llmring.chat.json_text import json_bytes, value_of
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
from llmring.dialects.dialect import json_object
from llmring.dialects.gemini.call_places import call_at
from llmring.dialects.system_turns import own_parts
from llmring.dialects.thought_signatures import UNSIGNED, thought_signature
from llmring.exceptions import UnsupportedFeatureError

# The name of the dialect, which also marks its own items among the parts of a message.
NAME = "gemini"

# By the file extension of an address. https://ai.google.dev/gemini-api/docs/file-input-methods
_MEDIA_TYPES = {
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "avi": "video/avi",
    "bmp": "image/bmp",
    "csv": "text/csv",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "mov": "video/mov",
    "mp3": "audio/mp3",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpg",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wmv": "video/wmv",
    "xml": "text/xml",
}

# Videos are named by the address of their page, which has no media type.
# https://ai.google.dev/gemini-api/docs/video-understanding#youtube
_YOUTUBE = re.compile(r"https?://((www|m)\.)?(youtube\.com|youtu\.be)/", re.IGNORECASE)

# The media types that the result of a function may contain.
# https://ai.google.dev/gemini-api/docs/function-calling#multimodal
IN_RESULTS = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain"})


def system_texts(turns: Iterable[Message]) -> list[str]:
    """Return the texts of all system messages.

    Raises:
        UnsupportedFeatureError: A system message has a part that is not text.
    """
    systems = (message for message in turns if message.role == "system")
    parts = [part for message in systems for part in own_parts(message, NAME)]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if len(texts) < len(parts):
        raise UnsupportedFeatureError(
            "Google takes only text in a system message; put images and documents into a user "
            "message"
        )
    return [text for text in texts if text]


def contents_of(turns: Iterable[Message], *, media_in_results: bool) -> list[dict[str, Any]]:
    """Build the turns of user and model, in order.

    Args:
        turns: The messages, with the results of calls in place; system messages are skipped.
        media_in_results: True if the model accepts media inside the result of a function.
            Otherwise they are put next to it.
    """
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    after_result = False
    for message in turns:
        if message.role == "system":
            continue
        match message.role:
            case "assistant":
                role, parts = "model", _model_parts(message)
                names |= {call["id"]: call["function"]["name"] for call in message.calls}
            case "tool":
                role, parts = "user", _result(message, names, media_in_results)
            case _:
                role, parts = "user", _media_parts(message.parts)
        # The results of parallel calls must be in one turn.
        together = after_result and message.role == "tool"
        # A turn with calls must follow one of the user, or results.
        if together or (role == "model" and contents and contents[-1]["role"] == role):
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
        after_result = message.role == "tool"
    return contents


def _model_parts(message: Message) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    calls = dict(enumerate(_calls(message.calls)))
    for part in message.parts:
        match part:
            case ReasoningPart():
                _add_reasoning(parts, part)
            case ProviderPart(dialect=dialect, content=content) if dialect == NAME:
                place = call_at(content)
                call = None if place is None else calls.pop(place, None)
                parts += [dict(content)] if place is None else [call] if call else []
            case ProviderPart():
                pass
            case _:
                parts += _media_parts([part])
    return [*parts, *calls.values()]


def _add_reasoning(parts: list[dict[str, Any]], part: ReasoningPart) -> None:
    """Add a thought; a signature without text is added to the text that it came with."""
    signature = part.signature if part.dialect in (None, NAME) else None
    if part.text:
        if signature or part.dialect == NAME:
            parts.append(_signed({"text": part.text, "thought": True}, signature))
    elif signature and parts and parts[-1].keys() == {"text"}:
        parts[-1] = _signed(parts[-1], signature)
    elif signature:
        parts.append(_signed({"text": ""}, signature))


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return part | {"thoughtSignature": signature} if signature else part


def _calls(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    # Of parallel calls, only the first is signed.
    signatures = [_signature(call) for call in calls]
    signed = any(signatures)
    return [
        _signed(_call(call), signatures[at] or (None if signed or at else UNSIGNED))
        for at, call in enumerate(calls)
    ]


def _signature(call: ToolCall) -> str | None:
    # Google's compatible API sends the same signatures in another place.
    return call.get("signature") or thought_signature(call.get("extra_content") or {})


def _call(call: ToolCall) -> dict[str, Any]:
    function = call["function"]
    content = {"name": function["name"], "args": json_object(function["arguments"])}
    return {"functionCall": content | ({"id": call["id"]} if call["id"] else {})}


def _result(
    message: Message, names: Mapping[str, str], media_in_results: bool
) -> list[dict[str, Any]]:
    id_ = message.tool_call_id
    for part in message.parts:
        if isinstance(part, ProviderPart) and part.dialect == NAME:
            # The API's own form of the whole result.
            return [dict(part.content)]
    media = _media_parts(part for part in message.parts if not isinstance(part, TextPart))
    within = [part for part in media if media_in_results and _media_type_of(part) in IN_RESULTS]
    content: dict[str, Any] = {
        "name": names.get(id_ or "") or message.name or id_,
        "response": _response(message, has_more=bool(media)),
    }
    if id_:
        content["id"] = id_
    if within:
        content["parts"] = within
    return [{"functionResponse": content}, *(part for part in media if part not in within)]


def _response(message: Message, *, has_more: bool) -> dict[str, Any]:
    # The API needs an object; any other result goes under "output", where it expects it.
    # https://ai.google.dev/api/caching#FunctionResponse
    text = message.text
    if not text and has_more:
        return {}
    value = _value(text)
    if (message.metadata or {}).get("is_error"):
        return {"error": value}
    return value if isinstance(value, dict) else {"output": value}


def _value(text: str) -> Any:
    """Return the JSON in the text of a result, or else the text."""
    try:
        value = value_of(text)
    except ValueError:
        return text
    if '"$ref"' in text:
        # In an object, "$ref" would have to name one of the media.
        return text
    if isinstance(value, float) and json_bytes(value).decode() != text.strip():
        # A version "0.30" is not the number 0.3.
        return text
    return value


def _media_type_of(part: Mapping[str, Mapping[str, str]]) -> str | None:
    (content,) = part.values()
    return content.get("mimeType")


def _media_parts(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Build the parts for text and media; other parts belong to the model's turns."""
    result: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case TextPart():
                result += [{"text": part.text}] if part.text else []
            case ImagePart() | DocumentPart():
                result.append(_media(part))
            case AudioPart():
                result.append({"inlineData": {"mimeType": part.media_type, "data": part.data}})
            case UploadedPart():
                result.append({"fileData": {"mimeType": part.media_type, "fileUri": part.id}})
            case ProviderPart(dialect=dialect, content=content) if dialect == NAME:
                result.append(dict(content))
            case ReasoningPart() | ProviderPart():
                pass
            case _:
                assert_never(part)
    return result


def _media(part: ImagePart | DocumentPart) -> dict[str, Any]:
    if part.url is None:
        return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
    kind = _media_type_at(part)
    return {"fileData": ({"mimeType": kind} if kind else {}) | {"fileUri": part.url}}


def _media_type_at(part: ImagePart | DocumentPart) -> str | None:
    """Return the media type at an address; None to let Google detect it."""
    address = part.url or ""
    if is_video_page(address):
        return None
    known = media_type_of_address(address)
    # A document is a PDF by default, so the extension in the address is more reliable.
    return known or part.media_type if isinstance(part, DocumentPart) else part.media_type or known


def is_video_page(address: str) -> bool:
    """Return True if an address is that of a page with a video, which Google opens itself."""
    return _YOUTUBE.match(address) is not None


def media_type_of_address(address: str) -> str | None:
    """Return the media type that an address ends in; None if it has no known ending."""
    ending = re.split(r"[?#]", address)[0].rpartition(".")[2].lower()
    return _MEDIA_TYPES.get(ending)
