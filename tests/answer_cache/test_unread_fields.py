"""Fields of messages that only servers of the client's own API understand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cached_gateway import SAME
from llmring.answer_cache.unread_fields import unread_fields
from llmring.chat.parsed_request import VerbatimBody
from llmring.dialects.relay.body_splice import members_of
from llmring.gateway.wires import WIRES, Wire

DIALECTS: dict[str, str] = {wire.name: wire.dialect.name for wire in WIRES}


def found(wire: str, body: Any) -> list[tuple[int, str, Any]]:
    data = json.dumps(body).encode()
    dialect = DIALECTS[wire]
    return unread_fields(VerbatimBody(dialect=dialect, body=data, members=members_of(data)))


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_a_plain_question_has_none(wire: Wire) -> None:
    assert found(wire.name, SAME[wire.name]) == []


def test_the_fields_of_a_message_and_of_its_parts_are_found() -> None:
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "Hello", "weight": 2}]},
        {"role": "assistant", "content": "def f(", "prefix": True, "partial": False},
    ]

    assert found("chat", {"messages": turns}) == [(0, "weight", 2), (1, "prefix", True)]


def test_a_result_that_is_an_error_is_found() -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": "no", "is_error": True}

    assert found("messages", {"messages": [{"role": "user", "content": [result]}]}) == [
        (0, "is_error", True)
    ]


@pytest.mark.parametrize("messages", [None, "Hello", 1, {}, [None, 1, "x"], [{"content": [1]}]])
def test_what_is_no_list_of_messages_has_none(messages: Any) -> None:
    assert found("chat", {"messages": messages}) == []
    assert found("responses", {"input": messages}) == []
    assert found("chat", {}) == []
