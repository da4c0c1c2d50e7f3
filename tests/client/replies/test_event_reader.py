"""Streamed answers as events, for a server that passes them on to a client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import LLMRequest, ProviderError
from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.parsed_request import parse_request
from llmring.client.replies.event_chunk import EventChunk
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Close, Loopback, Pause, Reset, as_stream
from vendors import APIS, FALLBACK, Api, Pair, ended

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
FIRST, SECOND = APIS["anthropic"], FALLBACK


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def events_of(chunks: list[EventChunk]) -> list[Event]:
    return [event for chunk in chunks for event in chunk.events]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def read(profile: str | None = None, **fields: Any) -> tuple[list[EventChunk], Exception | None]:
    """Return the chunks of an answer, and the error that ended it."""
    request = parse_request(LLMRequest(model="t", messages="Hello", **fields))

    async def go() -> tuple[list[EventChunk], Exception | None]:
        found: list[EventChunk] = []
        async with ServedRing() as ring:
            try:
                async for chunk in ring.stream_events(request, profile):
                    found.append(chunk)  # noqa: PERF401 -- kept when it fails
            except ProviderError as error:
                return found, error
        return found, None

    return asyncio.run(go())


def cut(api: Api, *events: Event, after: bytes) -> Answer:
    """Return an answer that is cut off after the piece that holds this."""
    steps = api.answer(*events, *ended("stop"), stream=True).steps
    last = next(at for at, step in enumerate(steps) if isinstance(step, bytes) and after in step)
    return as_stream(*steps[: last + 1], Pause(0.05), Reset())


def whole(pair: Pair, *events: Event, policy: str = "", reason: str = "stop") -> Pair:
    pair.lock(FIRST.model, SECOND.model, policy=policy)
    pair.start(FIRST, FIRST.answer(*events, *ended(reason), stream=True))
    pair.start(SECOND, answers.openai_stream("from groq"))
    return pair


def test_the_events_of_an_answer_come_with_signatures_and_items(pair: Pair) -> None:
    sent: list[Event] = [
        ReasoningDelta("think"),
        ReasoningDelta(signature="sig"),
        ProviderItem({"type": "redacted_thinking", "data": "xyz"}),
        TextDelta("Hello"),
        ToolCallDelta(0, "call_1", "weather", '{"a": 1}'),
    ]
    whole(pair, *sent, reason="tool_calls")

    chunks, error = read(tools=[WEATHER])

    assert error is None
    found = [event for event in events_of(chunks) if type(event) in {type(each) for each in sent}]
    assert text_of(found) == "Hello"
    assert [e.signature for e in found if isinstance(e, ReasoningDelta)][-1] == "sig"
    assert ProviderItem({"type": "redacted_thinking", "data": "xyz"}) in found
    calls = [event for event in found if isinstance(event, ToolCallDelta)]
    assert json.loads("".join(call.arguments for call in calls)) == {"a": 1}
    assert [str(chunk.target.ref) for chunk in chunks if chunk.target] == [FIRST.model]
    assert chunks[-1].message is not None
    assert isinstance(events_of(chunks)[-1], Finished)


@pytest.mark.parametrize("after", [b"One", b"two", b"five"])
def test_after_a_cut_the_next_model_goes_on_in_the_same_text(pair: Pair, after: bytes) -> None:
    pair.lock(FIRST.model, SECOND.model)
    words = [TextDelta(word) for word in ("One ", "two ", "three ", "four ", "five ")]
    pair.start(FIRST, cut(FIRST, *words, after=after))
    pair.start(SECOND, answers.openai_stream("and the rest"))

    chunks, error = read()

    assert error is None
    assert text_of(events_of(chunks)).endswith("and the rest")
    assert not any(chunk.restart for chunk in chunks)
    second = next(each for each in chunks if each.target and str(each.target.ref) == SECOND.model)
    assert [attempt.outcome for attempt in second.attempts] == ["failed"]
    assert [event for event in events_of(chunks) if isinstance(event, Finished)] == [
        Finished("stop", "stop")
    ]


def test_g079_a_call_is_shown_whole_or_not_at_all(pair: Pair) -> None:
    pair.lock(FIRST.model, SECOND.model)
    call = [
        ToolCallDelta(0, "call_1", "weather", '{"city": '),
        ToolCallDelta(0, arguments='"Ulm"}'),
    ]
    pair.start(FIRST, cut(FIRST, TextDelta("Look: "), *call, after=b"city"))
    pair.start(SECOND, answers.openai_stream("it rains."))

    chunks, error = read(tools=[WEATHER])

    assert error is None
    assert not [event for event in events_of(chunks) if isinstance(event, ToolCallDelta)]
    assert text_of(events_of(chunks)) == "Look: it rains."


def test_g079_calls_that_come_piece_by_piece_are_shown_so_if_the_lockfile_says_it(
    pair: Pair,
) -> None:
    call = [
        ToolCallDelta(0, "call_1", "weather", '{"city": '),
        ToolCallDelta(0, arguments='"Ulm"}'),
    ]
    whole(pair, *call, policy='tool_calls = "as_they_come"', reason="tool_calls")

    chunks, _ = read(tools=[WEATHER])

    with_calls = [c for c in chunks if any(isinstance(e, ToolCallDelta) for e in c.events)]
    assert len(with_calls) > 1


@pytest.mark.parametrize(
    ("first", "rest", "shown"),
    [
        ('{"city": "Ulm"}', "", [0, 1, 0]),
        ('{"city": ', '"Ulm"}', [0, 0, 1]),
        ("", "{}", [0, 0, 1]),
    ],
)
def test_a_call_is_shown_piece_by_piece_once_the_one_before_is_complete(
    pair: Pair, first: str, rest: str, shown: list[int]
) -> None:
    calls = [(0, "weather", first), (1, "weather", '{"city": "Bonn"}'), (0, None, rest)]
    pieces = [
        answers.openai_event(
            tool_calls=[{"index": at, "function": {"name": name, "arguments": arguments}}]
        )
        for at, name, arguments in calls
    ]
    end = answers.openai_event(finish_reason="tool_calls")
    pair.lock(SECOND.model)
    pair.start(SECOND, as_stream(*pieces, end, answers.DONE))

    chunks, _ = read(tools=[WEATHER])

    found = [event for event in events_of(chunks) if isinstance(event, ToolCallDelta)]
    assert [each.index for each in found] == shown


def test_after_a_whole_call_a_failure_ends_the_answer(pair: Pair) -> None:
    pair.lock(FIRST.model, SECOND.model)
    call = ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}')
    pair.start(FIRST, cut(FIRST, call, TextDelta("Wait"), TextDelta(" for"), after=b"Wait"))
    second = pair.start(SECOND, answers.openai_stream("more"))

    chunks, error = read(tools=[WEATHER])

    assert [c for c in chunks if any(isinstance(e, ToolCallDelta) for e in c.events)]
    assert isinstance(error, ProviderError)
    assert not second.requests


def test_a_refusal_is_not_shown_when_another_provider_answers(pair: Pair) -> None:
    whole(pair, RefusalDelta("I can't."), reason="content_filter")

    chunks, error = read()

    assert error is None
    assert not [event for event in events_of(chunks) if isinstance(event, RefusalDelta)]
    assert text_of(events_of(chunks)) == "from groq"


@pytest.mark.parametrize(("commit", "shown"), [('"first"', True), ('"whole"', False), ("8", False)])
def test_g081_the_lockfile_says_when_an_answer_begins_to_be_shown(
    pair: Pair, commit: str, shown: bool
) -> None:
    pair.lock(FIRST.model, SECOND.model, policy=f"stream_commit = {commit}")
    pair.start(FIRST, cut(FIRST, TextDelta("Half"), TextDelta(" an answer"), after=b"Half"))
    pair.start(SECOND, answers.openai_stream("A whole answer"))

    chunks, error = read()

    assert error is None
    assert text_of(events_of(chunks)).startswith("Half") is shown
    targets = [str(chunk.target.ref) for chunk in chunks if chunk.target]
    assert targets == ([FIRST.model] if shown else []) + [SECOND.model]


def test_g081_an_answer_that_would_start_over_fails_once_text_was_sent(pair: Pair) -> None:
    pair.lock(FIRST.model, SECOND.model, policy='on_stream_failure = "restart"')
    pair.start(FIRST, cut(FIRST, TextDelta("Half"), TextDelta(" of it"), after=b"Half"))
    second = pair.start(SECOND, answers.openai_stream("more"))

    _, error = read()

    assert isinstance(error, ProviderError)
    assert not second.requests


def test_g080_reasoning_alone_is_followed_by_that_of_the_next_model(pair: Pair) -> None:
    pair.lock(FIRST.model, SECOND.model)
    pair.start(FIRST, cut(FIRST, ReasoningDelta("Hm"), TextDelta("x"), after=b"Hm"))
    pair.start(SECOND, answers.openai_stream("from groq"))

    chunks, error = read()

    assert error is None
    assert [e.text for e in events_of(chunks) if isinstance(e, ReasoningDelta)][:1] == ["Hm"]
    assert text_of(events_of(chunks)) == "from groq"


def test_the_time_of_a_call_ends_with_its_first_content(pair: Pair) -> None:
    pair.lock(FIRST.model)
    stream = FIRST.answer(TextDelta("a"), TextDelta("b"), *ended("stop"), stream=True)
    steps: list[Any] = []
    for step in stream.steps:
        steps += [step, Pause(0.3)]
    pair.start(FIRST, as_stream(*steps, Close()))

    chunks, error = read(timeout=1)

    assert error is None
    assert text_of(events_of(chunks)) == "ab"
