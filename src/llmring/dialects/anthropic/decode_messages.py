"""The conversation of a client's request, as messages.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages

Each result of a tool becomes a message of its own, as do the blocks between two of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmring.chat.json_text import json_bytes
from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.anthropic.decode_blocks import BlockReader
from llmring.dialects.anthropic.decode_fields import (
    Json,
    at,
    beyond,
    cache_mark,
    filled_text,
    flag,
    required_table,
    required_text,
    tables,
    text,
    wrong,
)
from llmring.dialects.anthropic.decode_options import is_effort
from llmring.dialects.anthropic.messages import NAME, TURN_FIELDS

# A line of Claude Code, first in its prompt, with a value that differs by conversation. To other
# vendors it means nothing, and would keep all that follows it from being cached.
_BILLING = "x-anthropic-billing-header:"

_TURN = frozenset({"role", "content"})
_THINKING = frozenset({"type", "thinking", "signature"})
_CALL = frozenset({"type", "id", "name", "input"})
_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})
# The fields of a call that restore only its place in the turn.
_PLACE = frozenset({"type", "id"})
_OF_PLACES = _CALL | {"cache_control", "caller", "toolset_name"}


def decode_system(body: Mapping[str, Any], reader: BlockReader) -> list[Message]:
    """Return the message of the system prompt, if there is one.

    Raises:
        RequestFormatError: The prompt has a block that is not text.
    """
    value = body.get("system")
    if value is None or isinstance(value, str):
        return [Message("system", value)] if value else []
    parts: list[Part] = []
    for place, block in enumerate(tables(body, "system", "")):
        path = at("system", place)
        if block.get("type") == "text" and str(block.get("text")).startswith(_BILLING):
            parts.append(ProviderPart(NAME, block))
            continue
        parts += _in_system(reader.block(block, path), path)
    return [Message("system", parts)] if parts else []


def decode_messages(body: Mapping[str, Any], reader: BlockReader) -> list[Message]:
    """Return the turns of the conversation, in order.

    Raises:
        RequestFormatError: The list is empty, or one of them is malformed.
    """
    turns = tables(body, "messages", "")
    if not turns:
        raise wrong("messages", "at least one message is required")
    return _ConversationReader(reader).read(turns)


class _ConversationReader:
    def __init__(self, reader: BlockReader) -> None:
        self._blocks = reader
        self._toolsets: dict[str, str] = {}

    def read(self, turns: list[Json]) -> list[Message]:
        return [
            message
            for place, turn in enumerate(turns)
            for message in self._turn(turn, at("messages", place))
        ]

    def _turn(self, turn: Json, path: str) -> list[Message]:
        role = required_text(turn, "role", path)
        if role not in ("user", "assistant", "system"):
            known = "'user', 'assistant' or 'system'"
            raise wrong(at(path, "role"), f"Input should be {known}")
        fields = beyond(turn, _TURN)
        content = turn.get("content")
        if content is None and not (role == "system" and fields):
            raise wrong(at(path, "content"), "Field required")
        if isinstance(content, str) and not fields:
            return [Message(role, content)]
        if isinstance(content, str):
            turn = {**turn, "content": [{"type": "text", "text": content}]}
        messages = self._of_blocks(role, tables(turn, "content", path), at(path, "content"))
        if fields:
            self._blocks.required += [
                at(path, name)
                for name, value in fields.items()
                # Other APIs get the effort of the whole request.
                if not (name == "output_config" and is_effort(value))
            ]
            further = ProviderPart(NAME, {"type": TURN_FIELDS, "fields": fields})
            messages = _with_part(messages, role, further)
        return messages

    def _of_blocks(self, role: str, blocks: list[Json], path: str) -> list[Message]:
        match role:
            case "assistant":
                return [self._assistant(blocks, path)]
            case "system":
                return [Message("system", _in_system(self._blocks.parts(blocks, path), path))]
        return self._user(blocks, path)

    def _user(self, blocks: list[Json], path: str) -> list[Message]:
        messages: list[Message] = []
        parts: list[Part] = []
        for place, block in enumerate(blocks):
            if block.get("type") != "tool_result":
                parts += self._blocks.block(block, at(path, place))
                continue
            if parts:
                messages.append(Message("user", parts))
                parts = []
            messages.append(self._result(block, at(path, place)))
        return [*messages, Message("user", parts)] if parts or not messages else messages

    def _result(self, block: Json, path: str) -> Message:
        id_ = filled_text(block, "tool_use_id", path)
        content = block.get("content")
        given = content if isinstance(content, str) else None
        parts = [] if given else self._blocks.parts(_listed(block, path), at(path, "content"))
        if block.get("toolset_name") == self._toolsets.get(id_):
            # It is sent again with the result of that call.
            block = {name: value for name, value in block.items() if name != "toolset_name"}
        parts += self._blocks.further(block, _RESULT, path)
        if given and parts:
            parts, given = [TextPart(given), *parts], None
        metadata: Json = {}
        if flag(block, "is_error", path):
            metadata["is_error"] = True
        if mark := cache_mark(block, path):
            metadata["cache_control"] = mark
        return Message("tool", given or parts or None, tool_call_id=id_, metadata=metadata or None)

    def _assistant(self, blocks: list[Json], path: str) -> Message:
        parts: list[Part] = []
        calls: list[ToolCall] = []
        # The places of the calls after the last other block.
        places: list[Json] = []
        for number, block in enumerate(blocks):
            where = at(path, number)
            kind = required_text(block, "type", where)
            if kind == "tool_use":
                calls.append(_call(block, where))
                places.append(self._place(block, where))
                continue
            parts += [ProviderPart(NAME, place) for place in places]
            places = []
            match kind:
                case "thinking":
                    parts += self._thought(block, where)
                case "redacted_thinking":
                    required_text(block, "data", where)
                    parts += self._blocks.own(block, where)
                case _:
                    parts += self._blocks.block(block, where)
        mark = places[-1].pop("cache_control", None) if places else None
        if any(place.keys() - _PLACE for place in places):
            parts += [ProviderPart(NAME, place) for place in places]
        metadata = {"cache_control": mark} if mark else None
        return Message("assistant", parts or None, tool_calls=calls, metadata=metadata)

    def _thought(self, block: Json, path: str) -> list[Part]:
        signature = text(block, "signature", path) or None
        part = ReasoningPart(required_text(block, "thinking", path), signature, dialect=NAME)
        return [part, *self._blocks.further(block, _THINKING, path)]

    def _place(self, block: Json, path: str) -> Json:
        """Return the fields of a call's block that a call lacks."""
        further = beyond(block, _CALL)
        cache_mark(block, path)
        self._blocks.required += [at(path, name) for name in further if name not in _OF_PLACES]
        if further.get("caller") == {"type": "direct"}:
            # As without one.
            del further["caller"]
        if toolset := text(block, "toolset_name", path):
            self._toolsets[block["id"]] = toolset
        return {"type": "tool_use", "id": block["id"], **further}


def _listed(block: Json, path: str) -> list[Json]:
    return [] if isinstance(block.get("content"), str) else tables(block, "content", path)


def _call(block: Json, path: str) -> ToolCall:
    id_, name = filled_text(block, "id", path), filled_text(block, "name", path)
    arguments = _json(required_table(block, "input", path))
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _json(value: Json) -> str:
    try:
        return json_bytes(value).decode()
    except OverflowError:
        # Integers of more than 64 bits, which that encoder refuses.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _in_system(parts: list[Part], path: str) -> list[Part]:
    """Return the parts of a system message, which are text, or understood by this API alone.

    Raises:
        RequestFormatError: One of them is something else.
    """
    if all(isinstance(part, TextPart | ProviderPart) for part in parts):
        return parts
    raise wrong(path, "a system message takes only text; put media into a user message")


def _with_part(messages: list[Message], role: str, part: Part) -> list[Message]:
    *before, last = messages
    if last.role != role:
        return [*messages, Message(role, [part])]
    calls, metadata = last.tool_calls, last.metadata
    return [*before, Message(role, [*last.parts, part], tool_calls=calls, metadata=metadata)]
