"""The messages in a client's request of Chat Completions.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages

The older `function_call` of an answer becomes a tool call with an ID, and the message of role
`function` its result. Of the fields that servers add to messages, those of the library are read;
others are for programs, which send back what they keep of an answer (`index`, `id`, `usage`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from llmring.chat.message_fields import REASONING, with_fields
from llmring.chat.parts import Part, ProviderPart, TextPart
from llmring.chat.request import Message
from llmring.dialects.openai_chat.decode_content import content_of, parsed, refusals_apart
from llmring.dialects.request_decoding import BodyFields, RequestFormatError, check
from llmring.dialects.thought_signatures import thought_signature

_NAME = "openai_chat"


def decoded_messages(values: list[Any], required_own: list[str]) -> list[Message]:
    """Return the messages.

    Args:
        values: The messages of the body.
        required_own: The paths of what no other API understands are added to it.

    Raises:
        RequestFormatError: A message is not what the API accepts.
    """
    reading = _Reading(required_own)
    return [reading.message(value, f"messages.{at}") for at, value in enumerate(values)]


class _Reading:
    """The messages read so far."""

    def __init__(self, required_own: list[str]) -> None:
        self._required = required_own
        # The IDs of the older calls without a result, by the name of the function.
        self._open: dict[str, deque[str]] = {}

    def message(self, value: Any, path: str) -> Message:
        """Return one message."""
        if not isinstance(value, dict):
            raise RequestFormatError(f"{path} must be an object", path)
        fields = BodyFields(value, path)
        role = fields.need("role", str)
        read = _ROLES.get(role)
        if read is None:
            raise RequestFormatError(
                f"{fields.path('role')} must be one of {', '.join(_ROLES)}, not {role!r:.100}",
                fields.path("role"),
            )
        message = read(self, fields)
        if mark := fields.take("cache_control", dict[str, Any]):
            message.metadata = {"cache_control": mark}
        return message

    def _spoken(self, fields: BodyFields, role: str) -> Message:
        content = content_of(fields.need("content", Any), fields.path("content"), self._required)
        return Message(role, content, name=fields.take("name", str))

    def system(self, fields: BodyFields) -> Message:
        """Return a message of role system or developer, which mean the same."""
        return self._spoken(fields, "system")

    def user(self, fields: BodyFields) -> Message:
        """Return a message of the user."""
        return self._spoken(fields, "user")

    def result(self, fields: BodyFields) -> Message:
        """Return the result of a tool call."""
        id_ = fields.need("tool_call_id", str)
        name = fields.take("name", str)
        if not id_ and not name:
            raise RequestFormatError(
                "a result needs the ID of its call", fields.path("tool_call_id")
            )
        return Message("tool", self._content(fields), tool_call_id=id_ or None, name=name)

    def function_result(self, fields: BodyFields) -> Message:
        """Return the result of a call of the older form, which has no ID."""
        name = fields.need("name", str)
        if not name:
            raise RequestFormatError("a result needs the name of its function", fields.path("name"))
        content = self._content(fields)
        if calls := self._open.get(name):
            return Message("tool", content, tool_call_id=calls.popleft())
        return Message("tool", content, name=name)

    def _content(self, fields: BodyFields) -> str | list[Part]:
        value = fields.take("content", Any)
        return content_of("" if value is None else value, fields.path("content"), self._required)

    def answer(self, fields: BodyFields) -> Message:
        """Return an earlier answer, with the further fields that are read."""
        calls = self._calls(fields)
        content, refused = fields.take("content", Any) or "", fields.take("refusal", str)
        if isinstance(content, list):
            content, of_parts = refusals_apart(content)
            refused = refused if refused == of_parts else (refused or "") + of_parts
        shown: Any = content_of(content, fields.path("content"), self._required)
        further = _further(fields)
        if refused and shown:
            # Other APIs take it as text.
            shown = [TextPart(shown)] if isinstance(shown, str) else shown
            mark = {"type": "message", "refusal": refused, "text": refused}
            shown = [*shown, TextPart(refused), ProviderPart(_NAME, mark)]
        elif refused:
            further["refusal"] = refused
        audio = further.get("audio")
        if audio and not shown and not audio.get("transcript"):
            # The words are on the vendor's server alone.
            self._required.append(fields.path("audio"))
        name = fields.take("name", str)
        path = fields.path("thinking_blocks")
        with_all = parsed(lambda each: with_fields(shown or None, each), further, path)
        return Message("assistant", with_all, tool_calls=calls or None, name=name)

    def _calls(self, fields: BodyFields) -> list[Mapping[str, Any]]:
        path = fields.path("tool_calls")
        values = fields.take("tool_calls", list[dict[str, Any]]) or []
        calls = [_call(BodyFields(each, f"{path}.{at}")) for at, each in enumerate(values)]
        older = fields.take("function_call", dict[str, Any])
        if older and not calls:
            id_ = f"function_{fields.path('call').replace('.', '_')}"
            called = _function(BodyFields(older, fields.path("function_call")), "arguments")
            self._open.setdefault(called["name"], deque()).append(id_)
            calls.append({"id": id_, "type": "function", "function": called})
        return calls


_ROLES: Mapping[str, Callable[[_Reading, BodyFields], Message]] = MappingProxyType(
    {
        "system": _Reading.system,
        "developer": _Reading.system,
        "user": _Reading.user,
        "assistant": _Reading.answer,
        "tool": _Reading.result,
        "function": _Reading.function_result,
    }
)


def _call(fields: BodyFields) -> Mapping[str, Any]:
    id_ = fields.take("id", str) or ""
    custom = fields.take("custom", dict[str, Any])
    kind = fields.take("type", str) or ("custom" if custom else "function")
    match kind:
        case "custom" if custom is not None:
            called = _function(BodyFields(custom, fields.path("custom")), "input")
        case "function":
            function = fields.need("function", dict[str, Any])
            called = _function(BodyFields(function, fields.path("function")), "arguments")
        case _:
            raise RequestFormatError(
                f"{fields.path('type')} must be function or custom, with a field of that name",
                fields.path("type"),
            )
    call = {"id": id_, "type": kind, "function": called}
    # https://ai.google.dev/gemini-api/docs/thought-signatures#openai
    if extra := fields.take("extra_content", dict[str, Any]):
        call["extra_content"] = extra
        if signature := thought_signature(extra):
            call["signature"] = signature
    return call


def _function(fields: BodyFields, text: str) -> dict[str, Any]:
    """Return the function of a call; some programs send its arguments as an object."""
    arguments = fields.take(text, str | dict[str, Any])
    if isinstance(arguments, dict):
        arguments = msgspec.json.encode(arguments).decode()
    return {"name": fields.need("name", str), "arguments": arguments or ""}


_FURTHER: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(REASONING, str),
        "reasoning_details": list[dict[str, Any]],
        "thinking_blocks": list[dict[str, Any]],
        "annotations": list[Any],
        "audio": dict[str, Any],
        "extra_content": dict[str, Any],
        "phase": str,
    }
)


def _further(fields: BodyFields) -> dict[str, Any]:
    """Return the fields of an answer that become parts of its content."""
    further = {name: fields.take(name, kind) for name, kind in _FURTHER.items()}
    for at, block in enumerate(further["thinking_blocks"] or ()):
        path = f"{fields.path('thinking_blocks')}.{at}"
        check(block.get("type"), str, f"{path}.type")
        for name in ("thinking", "signature", "data"):
            check(block.get(name), str | None, f"{path}.{name}")
        # The library's own form; it isn't the API's.
        block.pop("part", None)
    given = {name: value for name, value in further.items() if value is not None}
    return {"role": "assistant", **given}
