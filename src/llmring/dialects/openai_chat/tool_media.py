"""Media in the results of tools, which Chat Completions takes only from a user.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages (tool message)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from llmring.chat.parts import DocumentPart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.dialects.document_text import text_of

# The text of a tool message whose result is only media.
MOVED = "The result is in the next message of the user."

# The assistant's turn between a result and the user, for servers that want one there.
BRIDGE = "OK."


def is_text(part: Part) -> bool:
    """Return True for a part that any message can carry: text, or a document of text."""
    if isinstance(part, DocumentPart):
        return text_of(part) is not None
    return isinstance(part, TextPart | ReasoningPart | ProviderPart)


def with_media_moved(turns: Sequence[Message], *, bridges: bool) -> list[Message]:
    """Return the turns with the media of results in a user message after the last result in a row.

    Args:
        turns: The conversation, whose results have IDs.
        bridges: True if the server refuses a user's message right after a result.
    """
    moved: list[Message] = []
    media: list[Part] = []
    names: dict[str, str] = {}
    for turn in turns:
        names |= {call["id"]: call["function"]["name"] for call in turn.calls}
        if turn.role != "tool":
            moved += _given(media)
            media = []
            moved.append(turn)
            continue
        own = [part for part in turn.parts if not is_text(part)]
        moved.append(_without(turn, own) if own else turn)
        if own:
            name = names.get(turn.tool_call_id or "") or turn.name or "a tool"
            media += [TextPart(f"From the result of {name} ({turn.tool_call_id}):"), *own]
    moved += _given(media)
    return list(_bridged(moved)) if bridges else moved


def _given(media: list[Part]) -> list[Message]:
    return [Message("user", media)] if media else []


def _without(turn: Message, media: Iterable[Part]) -> Message:
    left: list[Any] = [part for part in turn.parts if part not in media]
    return Message(
        "tool",
        left or MOVED,
        tool_call_id=turn.tool_call_id,
        name=turn.name,
        metadata=turn.metadata,
    )


def _bridged(turns: Iterable[Message]) -> Iterable[Message]:
    before = None
    for turn in turns:
        if turn.role == "user" and before == "tool":
            yield Message("assistant", BRIDGE)
        before = turn.role
        yield turn
