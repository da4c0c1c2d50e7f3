"""System messages in the middle of a conversation, for APIs that take them only at the beginning.

An instruction that moves to the beginning would change its meaning, and the cached prefix of the
conversation. So it stays where it was given: as a system message where the model takes one, else
as a user message with a mark around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from llmring.chat.parts import TextPart
from llmring.chat.request import Message
from llmring.exceptions import UnsupportedFeatureError

_MARK = "<system_message>\n{}\n</system_message>"


def late_systems_placed(
    turns: Sequence[Message], vendor: str, *, between: bool
) -> Sequence[Message]:
    """Return the messages with those system messages made fit that come after another message.

    Args:
        turns: The messages, with the results of calls in place; not changed.
        vendor: The vendor's name, for errors.
        between: Whether the model takes a system message after a user's and before its answer:
            https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages

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
        texts = [part for turn in run for part in _texts(turn, vendor)]
        mark = run[-1].metadata
        if texts and between and follows and answered:
            result.append(Message("system", texts, metadata=mark))
        elif texts:
            result.append(Message("user", [_marked(part) for part in texts], metadata=mark))
    return result


def _texts(message: Message, vendor: str) -> list[TextPart]:
    texts = [part for part in message.parts if isinstance(part, TextPart)]
    if len(texts) < len(message.parts):
        raise UnsupportedFeatureError(
            f"{vendor} takes only text in a system message; put images and documents into a user "
            "message"
        )
    return [text for text in texts if text.text]


def _marked(part: TextPart) -> TextPart:
    return TextPart(_MARK.format(part.text), part.cache_control)
