"""The input items of a client's request, as the turns of a conversation.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input

All that an assistant did between two other turns is one turn. A message of an assistant that
follows another one is a turn of its own, unless fields of the first mark its end. Items that an
API's server made are parts of the assistant's turn.

As nothing is stored, the IDs and the status of messages, calls and results refer to nothing and are
left out; calls are known by their `call_id`. So are fields of messages that are not documented.
Reasoning keeps its ID.
"""

from __future__ import annotations

from typing import Any

from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.openai_responses.decode_content import (
    UnknownContentError,
    answer_parts,
    parts_of,
)
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.dialects.openai_responses.request_values import (
    list_in,
    optional_text,
    present,
    text_in,
    wrong_type,
)
from llmring.dialects.request_decoding import RequestFormatError

Json = dict[str, Any]

_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})
_ROLES = frozenset({"assistant", "developer", "system", "user"})

# Notes of a server on its searches and tools: the answer that follows has what came of them.
_NOTES = frozenset({"file_search_call", "mcp_list_tools", "web_search_call"})
# Items that a client makes, like the outputs of calls.
_OF_CLIENTS = frozenset(
    {
        "additional_tools",
        "compaction_trigger",
        "configuration_update",
        "mcp_approval_response",
    }
)


class DecodedInput:
    """The turns of a conversation while its items are read.

    Attributes:
        turns: The turns that are complete.
        required: The paths of content that only servers of this API understand.
    """

    def __init__(self) -> None:
        self.turns: list[Message] = []
        self.required: list[str] = []
        # The assistant's turn that is open.
        self._parts: list[Part] = []
        self._calls: list[ToolCall] = []
        # Calls whose place in it is not marked; nothing has followed them yet.
        self._waiting: list[Json] = []

    def take(self, value: Any, path: str) -> None:
        """Take in the next item.

        Raises:
            RequestFormatError: It is not what the API accepts.
        """
        item = present(value, path)
        kind = optional_text(item, "type", path + ".")
        if kind == "item_reference" or (kind is None and item.keys() == {"id"}):
            raise RequestFormatError(
                f"{path} refers to a stored item, but nothing is stored; send the item itself",
                path,
                "unsupported_parameter",
            )
        if kind is None or kind == "message":
            self._message(item, path)
        elif kind in _CALLS:
            self._call(item, kind, path)
        elif kind in _RESULTS:
            self._result(item, path)
        elif kind == "reasoning":
            self._reasoning(item, path)
        else:
            self._other(item, kind, path)

    def end(self) -> None:
        """Complete the last turn."""
        content: str | list[Part] = self._parts
        if len(self._parts) == 1 and type(part := self._parts[0]) is TextPart:
            content = part.text
        if self._parts or self._calls:
            calls = self._calls or None
            self.turns.append(Message("assistant", content or None, tool_calls=calls))
        self._parts, self._calls, self._waiting = [], [], []

    def _message(self, item: Json, path: str) -> None:
        role = text_in(item, "role", path + ".")
        if role not in _ROLES:
            raise RequestFormatError(
                f"{path}.role must be one of {', '.join(sorted(_ROLES))}, not {role!r:.50}",
                f"{path}.role",
                "invalid_value",
            )
        try:
            if role == "assistant":
                self._answer(answer_parts(item, path))
            else:
                content = parts_of(item.get("content"), f"{path}.content", self.required)
                self.end()
                self.turns.append(Message(role, content))
        except UnknownContentError as unknown:
            self._keep(item, str(unknown), of_client=role != "assistant")

    def _answer(self, parts: list[Part]) -> None:
        self._settle()
        if self._parts and type(self._parts[-1]) is TextPart:
            self.end()
        self._parts += parts

    def _call(self, item: Json, kind: str, path: str) -> None:
        name = text_in(item, "name", path + ".")
        text = text_in(item, _CALLS[kind], path + ".")
        call_id = text_in(item, "call_id", path + ".")
        self._calls.append(
            {
                "id": call_id,
                "type": "custom" if kind == "custom_tool_call" else "function",
                "function": {"name": name, "arguments": text},
            }
        )
        # As the items of replies are kept.
        mark = {key: item[key] for key in item if key not in ("id", "status")}
        self._waiting.append(mark)
        if mark.keys() - {"type", "call_id", "name", _CALLS[kind]}:
            self._settle()

    def _settle(self) -> None:
        """Mark the places of calls that another item follows, or that have further fields."""
        self._parts += [ProviderPart(NAME, mark) for mark in self._waiting]
        self._waiting = []

    def _result(self, item: Json, path: str) -> None:
        call_id, name = (optional_text(item, key, path + ".") for key in ("call_id", "name"))
        if not call_id and not name:
            # Raises the error of the API.
            text_in({}, "call_id", path + ".")
        try:
            content = parts_of(item.get("output"), f"{path}.output", self.required)
        except UnknownContentError as unknown:
            self._keep(item, str(unknown), of_client=True, call_id=call_id)
            return
        if caller := item.get("caller"):
            whole = [TextPart(content)] if isinstance(content, str) else content
            content = [*whole, ProviderPart(NAME, {"type": "caller", "caller": caller})]
        self.end()
        named = None if call_id else name
        self.turns.append(Message("tool", content, tool_call_id=call_id, name=named))

    def _reasoning(self, item: Json, path: str) -> None:
        summary = _texts(item, "summary", path)
        signature = optional_text(item, "encrypted_content", path + ".")
        id_ = optional_text(item, "id", path + ".")
        thoughts = _texts(item, "content", path)
        text = "\n\n".join(summary or thoughts)
        if not text and not signature and not thoughts:
            return
        self._settle()
        if thoughts or "format" in item:
            # Not OpenAI's own reasoning, and so sent back as it came.
            if text:
                self._parts.append(ReasoningPart(text, id=id_, dialect=NAME))
            self._parts.append(ProviderPart(NAME, item))
        else:
            self._parts.append(ReasoningPart(text, signature, id_, NAME))

    def _other(self, item: Json, kind: str, path: str) -> None:
        if kind in _NOTES:
            self._settle()
            self._parts.append(ProviderPart(NAME, item))
            return
        self._keep(item, path, of_client=kind in _OF_CLIENTS or kind.endswith("_output"))

    def _keep(self, item: Json, place: str, *, of_client: bool, call_id: str | None = None) -> None:
        """Keep an item as it is, for servers of this API alone."""
        self.required.append(place)
        part = ProviderPart(NAME, item)
        if not of_client:
            self._settle()
            self._parts.append(part)
            return
        self.end()
        role = "user" if call_id is None else "tool"
        self.turns.append(Message(role, [part], tool_call_id=call_id))


def _texts(item: Json, name: str, path: str) -> list[str]:
    pieces = list_in(item, name, path + ".")
    places = [f"{path}.{name}.{at}" for at in range(len(pieces))]
    found = [
        text_in(present(piece, place), "text", place + ".")
        for piece, place in zip(pieces, places, strict=True)
    ]
    return [text for text in found if text]


def decode_input(value: Any) -> tuple[list[Message], list[str]]:
    """Return the turns of an input, and the paths of content that only this API understands.

    Raises:
        RequestFormatError: The input is not what the API accepts.
    """
    if isinstance(value, str):
        return [Message("user", value)], []
    if not isinstance(value, list):
        raise wrong_type("input", "a string or an array", value)
    found = DecodedInput()
    for at, item in enumerate(value):
        found.take(item, f"input.{at}")
    found.end()
    return found.turns, found.required
