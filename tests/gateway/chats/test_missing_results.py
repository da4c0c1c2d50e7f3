"""Results for the calls that a client left without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ToolCall
from llmring.gateway.chats.missing_results import TEXT, with_all_results
from llmring.providers.table import PROVIDERS
from vendor_rules import check_anthropic, check_chat, check_gemini, check_responses

ASKED = Message("user", "Look.")
ON = Message("user", "Go on.")


def calling(*ids: str) -> Message:
    calls: list[ToolCall] = [
        {"id": id_, "type": "function", "function": {"name": f"read_{id_}", "arguments": "{}"}}
        for id_ in ids
    ]
    return Message("assistant", "", tool_calls=calls)


def result(id_: str | None, name: str | None = None) -> Message:
    return Message("tool", "found", tool_call_id=id_, name=name)


def shape(turns: Sequence[Message]) -> list[str]:
    return [
        f"{'made' if turn.text == TEXT else 'own'} {turn.tool_call_id or turn.name}"
        if turn.role == "tool"
        else turn.role
        for turn in turns
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([calling("a"), ON], ["assistant", "made a", "user"]),
        ([calling("a", "b"), result("b"), ON], ["assistant", "own b", "made a", "user"]),
        ([calling("a"), calling("b"), result("b")], ["assistant", "made a", "assistant", "own b"]),
        ([calling("a", "b"), result("a")], ["assistant", "own a", "made b"]),
    ],
)
def test_g038_a_call_without_a_result_gets_one(given: list[Message], found: list[str]) -> None:
    made = with_all_results([ASKED, *given])

    assert shape(made)[1:] == found
    assert all((turn.metadata or {}).get("is_error") for turn in made if turn.text == TEXT)


@pytest.mark.parametrize(
    "given",
    [
        [ASKED],
        [calling("a")],
        [calling("a", "b"), result("b"), result("a"), ON],
        [calling("a"), ON, result("a")],
        [calling("a", "b"), result("x"), result("y"), ON],
        [calling("a", "b"), result(None, "read_b"), result("a"), ON],
    ],
    ids=["none", "last", "in another order", "after a question", "with other IDs", "by name"],
)
def test_a_conversation_that_lacks_no_result_stays_as_it_is(given: list[Message]) -> None:
    turns = [ASKED, *given]

    assert [*with_all_results(turns)] == turns


def sent(provider: str, api: str | None = None) -> dict[str, Any]:
    turns = with_all_results([ASKED, calling("a", "b"), result("b"), ON])
    request = parse_request(LLMRequest(messages=[*turns], max_tokens=10))
    row = PROVIDERS[provider]
    quirks = msgspec.structs.replace(row.quirks, server=provider)
    payload: dict[str, Any] = (
        row.speaking(api).encode(request, "m", stream=False, quirks=quirks).payload
    )
    return payload


def test_g038_every_vendor_s_rules_are_kept() -> None:
    check_anthropic(sent("anthropic")["messages"])
    check_chat(sent("deepseek")["messages"], ".{1,40}")
    check_responses(sent("openai", "responses")["input"])
    check_gemini(sent("google")["contents"])
