"""The events of an answer in a form, once all of it has come: its text is the value alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmring.chat.events import Event, TextDelta
from llmring.chat.json_text import json_bytes
from llmring.chat.parts import Part, TextPart
from llmring.chat.reply_events import unfold
from llmring.chat.response import LLMResponse
from llmring.client.answer_schema import AnswerForm, parse_answer
from llmring.client.replies.event_chunk import EventChunk
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
    if fitting(answer) is answer and len(answer.attempts) == len(chunks[-1].attempts):
        return chunks
    return [
        EventChunk(
            model=answer.model,
            events=events_of_fitting(answer),
            target=targets[-1],
            head=next((chunk.head for chunk in reversed(chunks) if chunk.head is not None), None),
            message=fitting(answer).message,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
            cost=answer.cost,
            cost_reason=answer.cost_reason,
            attempts=answer.attempts,
        )
    ]


def fitting(answer: LLMResponse) -> LLMResponse:
    """Return an answer whose text is its value as JSON, and no more; itself if that is so."""
    if answer.parsed is None:
        return answer
    text = _as_json(answer.content, answer.parsed)
    if text == answer.content:
        return answer
    parts = None if answer.parts is None else (*_with_text(answer.parts, text),)
    fit: LLMResponse = msgspec.structs.replace(answer, content=text, parts=parts)
    return fit


def events_of_fitting(answer: LLMResponse) -> tuple[Event, ...]:
    """Return the events of an answer, with its value as JSON in place of its text."""
    # Clients take the tokens for the size of the conversation, so those of repairs don't count.
    usage = answer.attempts[-1].usage or answer.usage
    return (*unfold(msgspec.structs.replace(fitting(answer), usage=usage)),)


def read_back(form: AnswerForm, chunks: list[EventChunk]) -> list[EventChunk]:
    """Return the chunks of an answer with the JSON that fits the form in place of their text.

    An answer that does not fit stays as it is.

    Args:
        form: The form.
        chunks: All chunks with text, and others.
    """
    given = "".join(chunk.delta for chunk in chunks)
    found = parse_answer(form, given)
    text = given if found.misfits else _as_json(given, found.value)
    if text == given:
        return chunks
    read = []
    for chunk in chunks:
        begins = [TextDelta(text)] if text and chunk.delta else []
        others = [event for event in chunk.events if not isinstance(event, TextDelta)]
        delta = text if begins else ""
        read.append(msgspec.structs.replace(chunk, events=(*begins, *others), delta=delta))
        text = "" if begins else text
    return read


def _as_json(text: str, value: Any) -> str:
    """Return a text that is this value as JSON, or else the value as JSON."""
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError:
        given = None
    return text if given == value else json_bytes(value).decode()


def _with_text(parts: Sequence[Part], text: str) -> list[Part]:
    """Return the parts with this text in place of theirs."""
    at = next((n for n, part in enumerate(parts) if isinstance(part, TextPart)), len(parts))
    others = [part for part in parts[at:] if not isinstance(part, TextPart)]
    return [*parts[:at], TextPart(text), *others]
