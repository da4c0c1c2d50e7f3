"""The calls of a reply, followed until they are whole."""

from __future__ import annotations

from llmring.chat.events import Event, Finished, TextDelta, ToolCallDelta
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.clock import SYSTEM
from llmring.gateway.signatures.kept_signatures import KeptSignatures
from llmring.gateway.signatures.signature_keeper import SignatureKeeper

CITY = '{"city": "Ulm", "days": 2}'


def followed(*events: Event, reply_id: str | None = None) -> tuple[KeptSignatures, list[Event]]:
    kept = KeptSignatures(SYSTEM)
    keeper = SignatureKeeper(kept, "c", (), reply_id)
    return kept, [keeper.take(event) for event in (*events, Finished("tool_calls", ""))]


def signature(kept: KeptSignatures, arguments: str = CITY, id_: str = "") -> str | None:
    call = ToolCall(id=id_, type="function", function={"name": "weather", "arguments": arguments})
    [turn] = kept.restored("c", [Message("assistant", None, tool_calls=[call])])
    return turn.calls[0].get("signature")


def test_g041_a_call_in_pieces_is_kept_as_a_whole() -> None:
    kept, _ = followed(
        TextDelta("Look"),
        ToolCallDelta(0, None, "weather", CITY[:5], "lr1.a"),
        ToolCallDelta(0, None, None, CITY[5:]),
        ToolCallDelta(1, None, "other", "{}"),
    )

    assert signature(kept) == "lr1.a"


def test_g041_only_sealed_signatures_are_kept() -> None:
    kept, _ = followed(ToolCallDelta(0, "call_1", "weather", CITY, "of a vendor"))

    assert len(kept) == 0


def test_g041_a_call_without_an_id_gets_one_where_the_client_needs_it() -> None:
    call = ToolCallDelta(0, None, "weather", CITY, "lr1.a")
    kept, [event, _] = followed(call, reply_id="chatcmpl-1")

    assert isinstance(event, ToolCallDelta)
    assert event.id is not None
    assert signature(kept, "{}", event.id) == "lr1.a"
