"""The events of answers in a form: as they came, or with the value alone."""

import json
from typing import Any

import pytest

from llmring.chat.events import Event, Finished, ReasoningDelta, Started, TextDelta, Usage
from llmring.chat.parts import ReasoningPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.response import Attempt, LLMResponse
from llmring.client.replies.event_chunk import EventChunk
from llmring.client.replies.fitting_events import fitting_events

ONCE = (
    Attempt(
        model="openai:gpt", outcome="ok", ms=1.0, usage=Usage(prompt_tokens=10, completion_tokens=2)
    ),
)


def chunks(*events: Event) -> list[EventChunk]:
    """Return a streamed answer of these events, the last of which ends it."""
    *begun, last = events
    pieces = [EventChunk(model="openai:gpt", events=(each,)) for each in begun]
    return [*pieces, EventChunk(model="openai:gpt", events=(last,), attempts=ONCE)]


def answer(content: str, value: Any, **more: Any) -> LLMResponse:
    fields: dict[str, Any] = {"finish_reason": "stop", "attempts": ONCE, **more}
    return LLMResponse(content=content, model="openai:gpt", parsed=value, **fields)


def content_of(found: list[EventChunk]) -> LLMResponse:
    events = [Started("gpt", "1"), *(each for chunk in found for each in chunk.events)]
    return fold("openai:gpt", events, "openai_chat")


@pytest.mark.parametrize("text", ['{"a": 1}', '{\n"a":1}\n', '{"a": 1.0}'])
def test_a_text_that_is_the_value_stays_as_it_came(text: str) -> None:
    given = chunks(TextDelta(text[:3]), TextDelta(text[3:]), Finished("stop", "stop"))

    assert fitting_events(given, answer(text, {"a": 1}), []) is given


@pytest.mark.parametrize(
    "text", ['```json\n{"a": 1}\n```', 'Sure: {"a": 1}', '{"answer": {"a": 1}}']
)
def test_a_text_with_more_than_the_value_becomes_the_value(text: str) -> None:
    given = chunks(TextDelta(text), Finished("stop", "stop"))

    found = content_of(fitting_events(given, answer(text, {"a": 1}), [None]))  # type: ignore[list-item]

    assert json.loads(found.content) == {"a": 1}
    assert found.finish_reason == "stop"


def test_other_parts_keep_their_places() -> None:
    parts = (
        ReasoningPart("Hm.", "signed"),
        TextPart("First: "),
        TextPart("[1]"),
        ReasoningPart("!"),
    )
    given = chunks(
        ReasoningDelta("Hm.", "signed"), TextDelta("First: [1]"), Finished("stop", "stop")
    )

    (chunk,) = fitting_events(given, answer("First: [1]", [1], parts=parts), [None])  # type: ignore[list-item]

    shown = [each for each in chunk.events if isinstance(each, ReasoningDelta | TextDelta)]
    assert [each.text for each in shown] == ["Hm.", "[1]", "!"]


def test_a_repaired_answer_has_the_tokens_of_its_last_attempt() -> None:
    again = Attempt(
        model="openai:gpt", outcome="ok", ms=1.0, usage=Usage(prompt_tokens=30, completion_tokens=4)
    )
    both = Usage(prompt_tokens=40, completion_tokens=6)
    given = chunks(TextDelta("{}"), Finished("stop", "stop"))
    repaired = answer('{"a": 1}', {"a": 1}, attempts=(*ONCE, again), usage=both)

    (chunk,) = fitting_events(given, repaired, [None])  # type: ignore[list-item]

    found = content_of([chunk])
    assert (found.content, found.usage) == ('{"a": 1}', again.usage)
    assert (chunk.usage, len(chunk.attempts)) == (both, 2)


def test_an_answer_without_a_value_stays_as_it_came() -> None:
    given = chunks(TextDelta("I can't help with that."), Finished("content_filter", ""))

    assert fitting_events(given, answer("I can't help with that.", None), []) is given
