"""The messages in a client's request of Ollama's chat API.

https://docs.ollama.com/api/chat

Results of tools come without the IDs of their calls, and in older programs without the name of the
tool: these belong to the calls without a result, in their order.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from llmring.chat.media import HEAD_BYTES, media_type_of
from llmring.chat.parts import ImagePart, Part, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.data_url import base64_fault, media_type_and_data
from llmring.dialects.request_decoding import BodyFields, RequestFormatError

_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "system": "system",
        "developer": "system",
        "user": "user",
        "assistant": "assistant",
        "tool": "tool",
    }
)

# The name for a result that belongs to no call of the conversation.
_UNKNOWN = "tool"


def decoded_messages(values: Sequence[Any]) -> list[Message]:
    """Return the messages.

    Raises:
        RequestFormatError: A message is not what the API accepts.
    """
    calls = _WaitingCalls()
    return [_message(value, f"messages.{at}", calls) for at, value in enumerate(values)]


def _message(value: Any, path: str, calls: _WaitingCalls) -> Message:
    if not isinstance(value, dict):
        raise RequestFormatError(f"{path} must be an object", path)
    fields = BodyFields(value, path)
    given = fields.need("role", str)
    role = _ROLES.get(given.lower())
    if role is None:
        raise RequestFormatError(
            f"{path}.role must be one of {', '.join(_ROLES)}, not {given!r:.100}", f"{path}.role"
        )
    images = images_of(fields.take("images", list[str]), fields.path("images"))
    content = _content(fields, images)
    if role == "tool":
        return calls.result(fields, content)
    called = fields.take("tool_calls", list[dict[str, Any]]) if role == "assistant" else None
    made = [
        _call(BodyFields(each, f"{path}.tool_calls.{at}")) for at, each in enumerate(called or ())
    ]
    calls.add(made)
    if role == "assistant":
        return Message(role, content or None, tool_calls=made or None)
    return Message(role, content)


def _content(fields: BodyFields, images: list[ImagePart]) -> str | list[Part]:
    text, thought = fields.take("content", str) or "", fields.take("thinking", str)
    thinking = [ReasoningPart(thought, dialect="ollama")] if thought else []
    if not thinking and not images:
        return text
    return [*thinking, *images, *([TextPart(text)] if text else [])]


def images_of(values: Sequence[str] | None, path: str) -> list[ImagePart]:
    """Return the images of a message, which the API puts in front of its text.

    Args:
        values: The images in base64.
        path: Their path in the body.

    Raises:
        RequestFormatError: An image is not base64.
    """
    return [_image(each, f"{path}.{at}") for at, each in enumerate(values or ())]


def _image(value: str, path: str) -> ImagePart:
    media_type, data = media_type_and_data(value) or (None, value)
    fault = base64_fault(data)
    if fault is not None or not data:
        raise RequestFormatError(f"{path} is not base64: {fault or 'it is empty'}", path)
    if media_type is None:
        found = media_type_of(base64.b64decode(data[: 4 * (HEAD_BYTES // 3)]))
        media_type = found if found is not None and found.startswith("image/") else None
    return ImagePart(data=data, media_type=media_type)


def _call(fields: BodyFields) -> ToolCall:
    inner = fields.need("function", dict[str, Any])
    function = BodyFields(inner, fields.path("function"))
    name = function.need("name", str)
    arguments = function.take("arguments", dict[str, Any] | str) or {}
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode(arguments).decode()
    return ToolCall(
        id=fields.take("id", str) or "",
        type="function",
        function={"name": name, "arguments": arguments},
    )


class _WaitingCalls:
    """The calls without a result."""

    def __init__(self) -> None:
        # In their order, and by name and ID, where calls that have got their result stay in place.
        self._order: deque[ToolCall] = deque()
        self._by_name: dict[str, deque[ToolCall]] = {}
        self._by_id: dict[str, ToolCall] = {}
        self._answered: set[int] = set()

    def add(self, calls: Sequence[ToolCall]) -> None:
        """Add the calls of an answer."""
        for call in calls:
            self._order.append(call)
            self._by_name.setdefault(call["function"]["name"], deque()).append(call)
            if call["id"]:
                self._by_id[call["id"]] = call

    def result(self, fields: BodyFields, content: str | list[Part]) -> Message:
        """Return the result of one of the calls."""
        id_ = fields.take("tool_call_id", str) or ""
        name = fields.take("tool_name", str) or fields.take("name", str)
        if id_:
            call = self._by_id.get(id_)
        else:
            call = self._first(self._by_name.get(name, deque()) if name else self._order)
        if call is None:
            return Message("tool", content, tool_call_id=id_ or None, name=name or _UNKNOWN)
        self._answered.add(id(call))
        if call["id"]:
            return Message("tool", content, tool_call_id=call["id"])
        return Message("tool", content, name=call["function"]["name"])

    def _first(self, calls: deque[ToolCall]) -> ToolCall | None:
        while calls:
            call = calls.popleft()
            if id(call) not in self._answered:
                return call
        return None
