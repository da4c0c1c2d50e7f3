"""The events of a whole answer in a form, once its value is known to fit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmring.chat.json_text import json_bytes
from llmring.chat.parts import Part, TextPart
from llmring.chat.reply_events import unfold
from llmring.chat.response import LLMResponse
from llmring.client.replies.event_reader import EventChunk
from llmring.routing.targets import Target


def fitting_events(
    chunks: list[EventChunk], answer: LLMResponse, targets: Sequence[Target]
) -> list[EventChunk]:
    """Return the chunks of an answer whose text is JSON that fits the form.

    A model may have put the value into a Markdown block, or into an object that its API needs
    around it, or may have answered twice.

    Args:
        chunks: The chunks of its first answer.
        answer: The answer that fits, with the value.
        targets: The models that have answered, the one of this answer last.
    """
    text = _text(answer)
    last = chunks[-1]
    if text == answer.content and len(answer.attempts) == len(last.attempts):
        return chunks
    shown = msgspec.structs.replace(
        answer,
        content=text,
        parts=None if answer.parts is None else (*_with_text(answer.parts, text),),
        # Clients take the tokens for the size of the conversation, so those of repairs don't count.
        usage=answer.attempts[-1].usage or answer.usage,
    )
    return [
        EventChunk(
            model=answer.model,
            events=(*unfold(shown),),
            target=targets[-1],
            message=shown.message,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
            cost=answer.cost,
            cost_reason=answer.cost_reason,
            attempts=answer.attempts,
        )
    ]


def _text(answer: LLMResponse) -> str:
    """Return the text of an answer, or its value as JSON where the text has more than that."""
    if answer.parsed is None:
        return answer.content
    try:
        given = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        given = None
    return answer.content if given == answer.parsed else json_bytes(answer.parsed).decode()


def _with_text(parts: Sequence[Part], text: str) -> list[Part]:
    """Return the parts with this text in place of theirs."""
    at = next((n for n, part in enumerate(parts) if isinstance(part, TextPart)), len(parts))
    others = [part for part in parts[at:] if not isinstance(part, TextPart)]
    return [*parts[:at], TextPart(text), *others]
