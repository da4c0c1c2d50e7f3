"""A whole reply can be taken apart into the events that add up to it."""

from hypothesis import given, settings

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.reply_events import merged, unfold
from llmring.chat.response import LLMResponse
from replies import in_pieces, replies


@given(reply=replies())
@settings(max_examples=60, deadline=None)
def test_folding_the_events_of_a_reply_gives_the_reply(reply: LLMResponse) -> None:
    assert fold("a:model", unfold(reply), "api") == reply


@given(reply=replies(), seed=...)
@settings(max_examples=60, deadline=None)
def test_merging_the_pieces_of_a_reply_gives_its_whole_parts(reply: LLMResponse, seed: int) -> None:
    whole = unfold(reply)

    assert merged(in_pieces(whole, seed)) == merged(whole)


def test_a_call_comes_before_the_item_that_marks_its_place() -> None:
    mark = {"type": "tool_use", "id": "b"}
    events: list[Event] = [
        Started("m", "1"),
        ToolCallDelta(0, "a", "f", "{}"),
        ToolCallDelta(1, "b", "g", "{}"),
        ProviderItem(mark),
        TextDelta("after"),
        UsageReport(Usage(prompt_tokens=1)),
        Finished("tool_calls", "tool_use"),
    ]

    found = unfold(fold("a:model", events, "anthropic"))

    assert [event for event in found if isinstance(event, ToolCallDelta | ProviderItem)] == [
        ToolCallDelta(1, "b", "g", "{}"),
        ProviderItem(mark),
        ToolCallDelta(0, "a", "f", "{}"),
    ]


def test_reasoning_of_a_reply_without_parts_comes_before_its_text() -> None:
    reply = LLMResponse(content="Four.", model="a:model", reasoning="Two and two.")

    assert merged(unfold(reply)) == [ReasoningDelta("Two and two."), TextDelta("Four.")]
