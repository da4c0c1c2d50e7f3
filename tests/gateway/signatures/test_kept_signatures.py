"""Signatures of calls, kept for clients that return the calls without."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import Event, Finished, ToolCallDelta
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.clock import Clock
from llmring.gateway.signatures.kept_signatures import SECONDS, KeptSignatures
from llmring.gateway.signatures.signature_keeper import SignatureKeeper

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
CITY = '{"city": "Ulm", "days": 2}'


class MovedClock(Clock, frozen=True, dict=True):
    """A clock that a test moves."""

    def move(self, seconds: float) -> None:
        self.__dict__["moved"] = self.__dict__.get("moved", 0.0) + seconds

    def time_ns(self) -> int:
        return int((1e9 + self.__dict__.get("moved", 0.0)) * 10**9)


def memory(**bounds: int) -> tuple[KeptSignatures, MovedClock]:
    clock = MovedClock()
    return KeptSignatures(clock, **bounds), clock


def called(arguments: str = CITY, id_: str = "", name: str = "weather") -> ToolCall:
    return ToolCall(id=id_, type="function", function={"name": name, "arguments": arguments})


def turn(*calls: ToolCall) -> Message:
    return Message("assistant", None, tool_calls=list(calls))


def reply(
    kept: KeptSignatures,
    *events: Event,
    turns: Sequence[Message] = (),
    conversation: str = "c",
    reply_id: str | None = None,
) -> list[Event]:
    keeper = SignatureKeeper(kept, conversation, turns, reply_id)
    return [keeper.take(event) for event in (*events, Finished("tool_calls", ""))]


def signatures(kept: KeptSignatures, *turns: Message, conversation: str = "c") -> list[str | None]:
    found = kept.restored(conversation, turns)
    return [call.get("signature") for each in found for call in each.calls]


def test_g041_a_call_that_comes_back_without_an_id_gets_its_signature() -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, "call_1", "weather", CITY, "lr1.a"))

    assert signatures(kept, turn(called('{"days":2.0,"city":"Ulm"}'))) == ["lr1.a"]


def test_g041_a_call_that_comes_back_with_its_id_gets_its_signature() -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, "call_1", "weather", CITY, "lr1.a"))

    assert signatures(kept, turn(called("{}", "call_1"))) == ["lr1.a"]
    assert signatures(kept, turn(called("{}", "call_2"))) == [None]


def test_g041_equal_calls_of_a_conversation_have_each_their_own() -> None:
    kept, _ = memory()
    first = turn(called())
    reply(kept, ToolCallDelta(0, None, "weather", CITY, "lr1.a"))
    reply(
        kept,
        ToolCallDelta(0, None, "weather", CITY),
        ToolCallDelta(1, None, "weather", CITY, "lr1.c"),
        turns=[first],
    )

    assert signatures(kept, first, turn(called(), called())) == ["lr1.a", None, "lr1.c"]


def test_g041_another_conversation_has_none_of_them() -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, "call_1", "weather", CITY, "lr1.a"))

    assert signatures(kept, turn(called(id_="call_1")), conversation="d") == [None]


def test_g041_a_signature_that_the_client_returns_stays() -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, "call_1", "weather", CITY, "lr1.a"))
    own = called(id_="call_1")
    own["signature"] = "lr1.own"

    assert signatures(kept, turn(own)) == ["lr1.own"]


def test_g041_a_signature_is_forgotten_after_a_day() -> None:
    kept, clock = memory()
    reply(kept, ToolCallDelta(0, "call_1", "weather", CITY, "lr1.a"))

    clock.move(SECONDS - 1)
    assert signatures(kept, turn(called(id_="call_1"))) == ["lr1.a"]
    clock.move(2)
    assert signatures(kept, turn(called(id_="call_1"))) == [None]


@pytest.mark.parametrize("bounds", [{"most": 4}, {"most_bytes": 4 * len("lr1.0")}])
def test_g041_the_oldest_ones_are_forgotten_first(bounds: dict[str, int]) -> None:
    kept, _ = memory(**bounds)
    for at in range(5):
        # Each takes two places: that of its ID, and that of its content.
        reply(kept, ToolCallDelta(0, f"call_{at}", f"f{at}", "{}", f"lr1.{at}"))

    turns = [turn(called("{}", f"call_{at}", f"f{at}")) for at in range(5)]
    assert signatures(kept, *turns) == [None, None, None, "lr1.3", "lr1.4"]
    assert len(kept) == 4


@given(VALUES)
def test_any_arguments_are_known_again(value: object) -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, None, "f", json.dumps({"a": value}), "lr1.a"))

    again = json.dumps({"a": value}, indent=2, ensure_ascii=False)

    assert signatures(kept, turn(called(again, name="f"))) == ["lr1.a"]


@given(st.text())
def test_arguments_that_are_not_json_are_known_as_they_are(text: str) -> None:
    kept, _ = memory()
    reply(kept, ToolCallDelta(0, None, "f", text, "lr1.a"))

    assert signatures(kept, turn(called(text, name="f"))) == ["lr1.a"]
