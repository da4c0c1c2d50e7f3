"""The events of an answer as its client gets them."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.events import (
    EndMarked,
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.tools import ProviderTool
from llmring.client.replies.event_chunk import EventChunk
from llmring.dialects.foreign.tool_names import foreign_tools
from llmring.dialects.relay.sealed_signatures import SealKey, is_sealed
from llmring.gateway.chats.client_events import ClientEvents, Shown
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Target

KEY = SealKey(b"a secret of at least 32 characters")


def target(provider: str) -> Target:
    row = PROVIDERS[provider]
    return Target(ModelRef(provider, "any"), Endpoint(row, row.base_url), row.dialect)


def taken(
    *events: Event, by: str = "anthropic", client: str = "openai_chat", **more: Any
) -> list[Event]:
    tools = foreign_tools(more.pop("tools", ()))
    shown = ClientEvents(client, KEY, lambda _: "mark", tools, Shown(**more))
    return shown.take(EventChunk(events=events, target=target(by)))


def test_the_end_has_the_native_word_only_for_clients_of_the_same_api() -> None:
    end = Finished("stop", "end_turn", "detail")

    assert taken(end) == [Finished("stop", "", "detail")]
    assert taken(end, client="anthropic") == [end]


def test_the_id_of_an_answer_is_the_vendor_s_only_for_clients_of_the_same_api() -> None:
    begin = Started("claude", "msg_1")

    assert taken(begin) == [Started("claude", None)]
    assert taken(begin, client="anthropic") == [begin]
    assert taken(begin, model="my-alias") == [Started(None, None)]


def test_an_answer_begins_once_whichever_model_goes_on() -> None:
    shown = ClientEvents("openai_chat", KEY, lambda _: "mark", {}, Shown())
    first = EventChunk(events=(Started("a", "1"), TextDelta("x")), target=target("anthropic"))
    second = EventChunk(events=(Started("b", "2"), TextDelta("y")), target=target("groq"))

    found = [*shown.take(first), *shown.take(second)]

    assert found == [Started("a", None), TextDelta("x"), TextDelta("y")]


@pytest.mark.parametrize(("wanted", "count"), [(True, 1), (False, 0)])
def test_g045_reasoning_is_shown_to_clients_that_want_it(wanted: bool, count: int) -> None:
    assert len(taken(ReasoningDelta("Hm"), reasoning=wanted, client="anthropic")) == count


def test_g040_a_signature_of_another_api_is_sealed() -> None:
    found = taken(ReasoningDelta("Hm", "sig"), by="google", client="anthropic")

    [thought] = [each for each in found if isinstance(each, ReasoningDelta)]
    assert thought.signature is not None
    assert is_sealed(thought.signature)


def test_marks_and_cost_fields_of_the_vendor_are_left_out() -> None:
    used = Usage(prompt_tokens=1)

    assert taken(EndMarked("[DONE]"), UsageReport(used, {"cost": 1})) == [UsageReport(used)]


def test_g035_the_call_of_a_custom_tool_is_one_again() -> None:
    tool = ProviderTool({"type": "custom", "name": "apply_patch"})
    call = ToolCallDelta(0, "call_1", "apply_patch", '{"input": "*** Begin"}')

    [found, *rest] = taken(call, client="openai_responses", tools=[tool])

    assert isinstance(found, ToolCallDelta)
    assert found.kind == "custom"
    pieces = [each.arguments for each in (found, *rest) if isinstance(each, ToolCallDelta)]
    assert "".join(pieces) == "*** Begin"
