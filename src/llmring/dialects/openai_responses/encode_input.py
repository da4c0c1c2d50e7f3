"""The conversation of a request, as the input items of the Responses API.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmring.chat.parts import (
    CommentaryPart,
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
from llmring.dialects.openai_responses.pictures import shown, without_pictures
from llmring.exceptions import UnsupportedFeatureError

NAME = "openai_responses"


class _CallHistory(Struct):
    """The calls so far: those whose input is free text, and what made them, if not the model."""

    custom: frozenset[str]
    free: set[str] = set()
    callers: dict[str, Any] = {}


def encode_input(
    turns: Iterable[Message], custom: frozenset[str], *, stored: bool
) -> list[dict[str, Any]]:
    """Build the input items of a conversation.

    Args:
        turns: The conversation, with IDs that fit.
        custom: The names of the tools that take free text.
        stored: Whether the server stores its items, and finds them again.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of a message.
    """
    calls = _CallHistory(custom)
    items: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role != "tool":
            items += shown(pictures)
            pictures = []
        match turn.role:
            case "assistant":
                own = _assistant(turn, calls)
                if not stored:
                    own, pictures = without_pictures(own)
                items += own
            case "tool":
                items.append(_result(turn, calls))
            case _:
                items += message_items(turn)
    return items + shown(pictures)


def message_items(turn: Message) -> list[dict[str, Any]]:
    """Build the items of a message that is not an answer."""
    # Answers to the API's own items are already in the API's format.
    own = [
        dict(part.content)
        for part in turn.parts
        if isinstance(part, ProviderPart) and part.dialect == NAME
    ]
    parts = [part for part in turn.parts if not isinstance(part, ProviderPart)]
    if own and not parts:
        return own
    return [{"type": "message", "role": turn.role, "content": _content(parts)}, *own]


def _assistant(turn: Message, calls: _CallHistory) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    text = ""
    # The fields of the text so far, unless a mark after it has others.
    fields: Mapping[str, Any] = _MESSAGE
    for part in turn.parts:
        match part:
            case TextPart():
                kind = _REMARK if isinstance(part, CommentaryPart) else _MESSAGE
                if text and kind != fields:
                    items += _assistant_text(text, fields)
                    text = ""
                fields = kind
                text += part.text
            case ProviderPart(content=mark) if _is_mark(part):
                items += _marked_text(text, mark, fields)
                text = ""
            case ReasoningPart() | ProviderPart():
                items += _assistant_text(text, fields)
                text = ""
                items += _replayed(part)
            case _:
                raise UnsupportedFeatureError(
                    "the Responses API takes only text in an assistant message; put images and "
                    "documents into a user message"
                )
    items += _assistant_text(text, fields)
    sent = {str(item.get("call_id")) for item in items}
    items += [_call(call, calls) for call in turn.calls if call["id"] not in sent]
    for item in items:
        if item.get("type") == "custom_tool_call":
            calls.free.add(str(item.get("call_id")))
        if item.get("caller"):
            calls.callers[str(item.get("call_id"))] = item["caller"]
    return items


def _is_mark(part: ProviderPart) -> bool:
    """Return True for a mark: the API's fields for the preceding text."""
    return part.dialect == NAME and part.content.get("type") == "message"


_MESSAGE: Mapping[str, Any] = {"type": "message", "role": "assistant"}
_REMARK: Mapping[str, Any] = {**_MESSAGE, "phase": "commentary"}


def _assistant_text(text: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**fields, "content": text}] if text else []


def _marked_text(
    text: str, mark: Mapping[str, Any], fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return a text with the fields of its mark; annotations go back only with their own text.

    https://platform.openai.com/docs/api-reference/responses/create (input, output message)
    """
    content = mark.get("content")
    if not isinstance(content, list):
        return _assistant_text(text, mark)
    whole = "".join(str(piece.get("text") or piece.get("refusal") or "") for piece in content)
    if not text.endswith(whole):
        # The application has changed the text.
        return _assistant_text(text, {key: mark[key] for key in mark if key != "content"})
    before = text[: len(text) - len(whole)]
    return [*_assistant_text(before, fields), dict(mark)]


def _replayed(part: ReasoningPart | ProviderPart) -> list[dict[str, Any]]:
    if part.dialect not in (NAME, None):
        return []
    if isinstance(part, ProviderPart):
        return [dict(part.content)]
    if part.signature is None:
        # The API accepts only its own reasoning.
        return []
    text = part.text.strip()
    item = {
        "type": "reasoning",
        "id": part.id,
        "summary": [{"type": "summary_text", "text": text}] if text else [],
        "encrypted_content": part.signature,
    }
    return [{name: value for name, value in item.items() if value is not None}]


def _call(call: ToolCall, calls: _CallHistory) -> dict[str, Any]:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    ids: dict[str, Any] = {"call_id": call["id"], "name": name}
    if (caller := call.get("caller", {})).get("type") in _CALLERS:
        ids["caller"] = caller
    if call["type"] == "custom" or name in calls.custom:
        return {"type": "custom_tool_call", **ids, "input": arguments}
    return {"type": "function_call", **ids, "arguments": arguments}


# Anthropic's calls have callers of other types.
_CALLERS = frozenset({"direct", "program"})


def _result(turn: Message, calls: _CallHistory) -> dict[str, Any]:
    call_id = turn.tool_call_id or ""
    for part in turn.parts:
        if isinstance(part, ProviderPart) and part.dialect == NAME and "output" in part.content:
            # The whole result in the API's own form.
            return {**part.content, "call_id": call_id}
    kind = "custom_tool_call_output" if call_id in calls.free else "function_call_output"
    result = {"type": kind, "call_id": call_id, "output": _content(turn.parts)}
    # The result goes to what made the call.
    # https://developers.openai.com/api/docs/guides/tools-programmatic-tool-calling
    caller = _given_caller(turn) or calls.callers.get(call_id)
    return result | {"caller": caller} if caller else result


def _given_caller(turn: Message) -> Any:
    for part in turn.parts:
        if isinstance(part, ProviderPart) and part.content.get("type") == "caller":
            return part.content["caller"]
    return None


def _content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    # Only assistants reason, and only the API's own items are sent in the API's format.
    content = [part for part in parts if not isinstance(part, ReasoningPart | ProviderPart)]
    if len(content) < 2 and all(isinstance(part, TextPart) for part in content):
        return "".join(part.text for part in content if isinstance(part, TextPart))
    return [_part(part) for part in content]


def _part(part: Part) -> dict[str, Any]:
    """Build a content part.

    https://platform.openai.com/docs/guides/images-vision, …/guides/pdf-files
    """
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text}
        case ImagePart():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "input_image", "image_url": part.as_url, **detail}
        case DocumentPart(data=str(data)):
            name = part.name or "document." + part.media_type.rpartition("/")[2]
            url = f"data:{part.media_type};base64,{data}"
            return {"type": "input_file", "filename": name, "file_data": url}
        case DocumentPart():
            return {"type": "input_file", "file_url": part.url}
        case UploadedPart():
            kind = "input_image" if part.media_type.startswith("image/") else "input_file"
            return {"type": kind, "file_id": part.id}
    raise UnsupportedFeatureError(
        "the Responses API takes no audio; send a transcript, or use a model that is served by "
        "Chat Completions"
    )
