"""System messages in the middle of a conversation, for APIs that take them only at the beginning.

An instruction that moves to the beginning would change its meaning, and the cached prefix of the
conversation. So it stays where it was given: as a system message where the model takes one, else
as a user message with a mark around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from llmring.chat.parts import Part, ProviderPart, TextPart
from llmring.chat.request import Message
from llmring.exceptions import UnsupportedFeatureError

MOVED = "a system message became a part of the user's turn"

_MARK = "<system_message>\n{}\n</system_message>"


def late_systems_placed(
    turns: Sequence[Message], vendor: str, notes: list[str], *, between: bool, dialect: str
) -> Sequence[Message]:
    """Return the messages with those system messages made fit that come after another message.

    Args:
        turns: The messages, with the results of calls in place; not changed.
        vendor: The vendor's name, for errors.
        notes: Remarks on the request, to which one on such messages is added.
        between: Whether the model takes a system message after a user's and before its answer:
            https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
        dialect: The name of the API, whose own items stay in the message.

    Raises:
        UnsupportedFeatureError: A system message has a part that is not text.
    """
    first = next((at for at, turn in enumerate(turns) if turn.role != "system"), len(turns))
    if all(turn.role != "system" for turn in turns[first:]):
        return turns
    result = [*turns[:first]]
    runs = [(role, [*run]) for role, run in groupby(turns[first:], lambda turn: turn.role)]
    for at, (role, run) in enumerate(runs):
        if role != "system":
            result += run
            continue
        follows = runs[at - 1][0] in ("user", "tool")
        answered = at + 1 == len(runs) or runs[at + 1][0] == "assistant"
        parts = [_kept(turn, vendor, dialect) for turn in run]
        if between and follows and answered:
            result += _joined(run, parts)
        else:
            joined = [_marked(part) for each in parts for part in each]
            result += [Message("user", joined, metadata=run[-1].metadata)] if joined else []
            notes += [MOVED] if joined and MOVED not in notes else []
    return result


def _joined(run: Sequence[Message], parts: Sequence[Sequence[Part]]) -> list[Message]:
    """Return adjacent system messages as one, unless an item of the API is about one of them."""
    if any(isinstance(part, ProviderPart) for each in parts for part in each):
        return [
            Message("system", each, metadata=turn.metadata)
            for turn, each in zip(run, parts, strict=True)
            if each
        ]
    joined = [part for each in parts for part in each]
    return [Message("system", joined, metadata=run[-1].metadata)] if joined else []


def _kept(message: Message, vendor: str, dialect: str) -> list[Part]:
    parts = own_parts(message, dialect)
    if not all(isinstance(part, TextPart | ProviderPart) for part in parts):
        raise UnsupportedFeatureError(
            f"{vendor} takes only text in a system message; put images and documents into a user "
            "message"
        )
    return [part for part in parts if not isinstance(part, TextPart) or part.text]


def with_own_systems(turns: Sequence[Message], dialect: str) -> Sequence[Message]:
    """Return the messages without system messages that have only items of other APIs.

    Without these items they would be empty, which some servers refuse.
    """
    if not any(_has_parts(turn) for turn in turns):
        return turns
    return [turn for turn in turns if not _has_parts(turn) or own_parts(turn, dialect)]


def _has_parts(turn: Message) -> bool:
    return turn.role == "system" and bool(turn.content) and not isinstance(turn.content, str)


def own_parts(message: Message, dialect: str) -> list[Part]:
    """Return the parts of a message without the items of other APIs."""
    return [
        part
        for part in message.parts
        if not isinstance(part, ProviderPart) or part.dialect == dialect
    ]


def _marked(part: Part) -> Part:
    if not isinstance(part, TextPart):
        return part
    return TextPart(_MARK.format(part.text), part.cache_control)
