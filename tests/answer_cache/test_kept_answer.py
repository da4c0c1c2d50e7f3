"""Answers as bytes, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.answer_cache.kept_answer import MOST_BYTES, KeptAnswer, read, written
from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    EndMarked,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)

ALL: tuple[Event, ...] = (
    Started("m", "id-1"),
    ReasoningDelta("Hm.", "c2ln", "rs_1", "reasoning"),
    CommentaryDelta("Let me see"),
    TextDelta("Hello"),
    Cited((Citation(url="https://a.example", start=0, end=5, pages=(1, 2)),)),
    RefusalDelta("no"),
    ProviderItem({"type": "x", "of": [1, None, 0.5]}),
    ToolCallDelta(0, "call_1", "f", '{"a": 1}', "sig", "custom", {"google": {"x": 1}}),
    UsageReport(Usage(prompt_tokens=10, completion_tokens=2, service_tier="flex")),
    Finished("stop", "end_turn", "done"),
)


def kept(*events: Event, cost: Decimal | None = None) -> KeptAnswer:
    return KeptAnswer(at=1.5, model="openai:m", api="openai_chat", events=events, cost=cost)


def test_g135_an_answer_has_the_same_events_again() -> None:
    answer = kept(*ALL, cost=Decimal("0.0000123"))

    data = written(answer)

    assert data is not None
    assert read(data) == answer


TEXT = st.text(max_size=20)
EVENTS = st.lists(
    st.builds(TextDelta, TEXT)
    | st.builds(ReasoningDelta, TEXT, st.none() | TEXT)
    | st.builds(ToolCallDelta, st.integers(0, 9), st.none() | TEXT, st.none() | TEXT, TEXT)
    | st.builds(Finished, TEXT, TEXT),
    max_size=8,
)


@given(EVENTS)
def test_any_events_are_the_same_again(events: list[Event]) -> None:
    data = written(kept(*events))

    assert data is not None
    assert read(data) == kept(*events)


@given(st.binary(max_size=200))
def test_g137_bytes_of_something_else_are_no_answer(data: bytes) -> None:
    assert read(data) is None


@given(st.data())
def test_g137_damaged_bytes_raise_no_error(data: st.DataObject) -> None:
    good = written(kept(*ALL))
    assert good is not None
    at = data.draw(st.integers(0, len(good) - 1))
    cut = data.draw(st.booleans())

    damaged = good[:at] if cut else good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]

    found = read(damaged)
    assert found is None or not cut


@pytest.mark.parametrize("event", [EndMarked("[DONE]"), TextDelta("\ud800")])
def test_an_event_that_can_not_be_written_is_not_kept(event: Event) -> None:
    assert written(kept(event)) is None


def test_g137_an_answer_of_more_than_1_mib_is_not_kept() -> None:
    assert written(kept(TextDelta("x" * MOST_BYTES))) is None
    assert written(kept(TextDelta("x" * (MOST_BYTES - 200)))) is not None
