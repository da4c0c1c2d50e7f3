"""The report on a streamed answer, in its last event with tokens."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import Attempt, StreamChunk
from llmring.gateway.chats.call_report import MEMBER, call_report, events_of, with_report

FAILED = Attempt(model="openai:a", outcome="failed", status=503, ms=1.5)
OK = Attempt(model="groq:b", outcome="ok", status=200, ms=2.5)
REPORT = {"model": "groq:b", "cost": "0.1"}


def last(**fields: Any) -> StreamChunk:
    return StreamChunk(model="groq:b", attempts=(FAILED, OK), **fields)


def test_g106_a_report_has_the_model_the_attempts_and_the_exact_cost() -> None:
    assert call_report(last(cost=Decimal("0.00000012"))) == {
        "model": "groq:b",
        "attempts": [
            {"model": "openai:a", "outcome": "failed", "status": 503, "ms": 1.5},
            {"model": "groq:b", "outcome": "ok", "status": 200, "ms": 2.5},
        ],
        "cost": "0.00000012",
    }


def test_g106_an_unknown_cost_has_a_reason_and_is_not_zero() -> None:
    report = call_report(last(cost_reason="no price"))

    assert report["cost_unknown"] == "no price"
    assert "cost" not in report


def test_g106_a_cost_that_is_not_exact_has_a_note() -> None:
    report = call_report(last(cost=Decimal(1), cost_reason="an estimate"))

    assert (report["cost"], report["cost_note"]) == ("1", "an estimate")


@pytest.mark.parametrize(
    ("events", "place"),
    [
        (['data: {"a":1}\n\n', 'data: {"usage":{"n":1}}\n\n', "data: [DONE]\n\n"], 1),
        (['data: {"a":1}\n\n', "data: [DONE]\n\n"], 0),
        (
            [
                'event: message_delta\ndata: {"type":"message_delta","usage":{}}\n\n',
                'event: message_stop\ndata: {"type":"message_stop"}\n\n',
            ],
            0,
        ),
        (['data: {"type":"response.completed","response":{"usage":{}}}\n\n'], 0),
        ([',\r\n{"usageMetadata":{}}', "\r\n]"], 0),
        (['{"message":{}}\n', '{"done":true, "x": "}"}\n'], 1),
    ],
)
def test_g106_the_report_is_in_the_last_event_with_the_tokens(
    events: list[str], place: int
) -> None:
    pieces = [each.encode() for each in events]

    found = with_report(pieces, REPORT)

    before, after = b"".join(pieces[:place]), b"".join(pieces[place + 1 :])
    assert found.startswith(before)
    assert found.endswith(after)
    changed = found[len(before) : len(found) - len(after)].decode()
    payload = json.loads(changed[changed.index("{") : changed.rindex("}") + 1])
    assert payload.pop(MEMBER) == REPORT
    sent = events[place]
    assert payload == json.loads(sent[sent.index("{") : sent.rindex("}") + 1])


@given(st.lists(st.binary()))
def test_bytes_that_have_no_report_s_place_stay_as_they_are(pieces: list[bytes]) -> None:
    pieces = [each.replace(b"{", b"") for each in pieces]

    assert with_report(pieces, REPORT) == b"".join(pieces)


@given(st.binary())
def test_any_bytes_can_be_read(data: bytes) -> None:
    events = events_of(data, "text/event-stream")

    assert b"".join(events) == data
    assert len(with_report([b"{" + data + b"}"], {})) >= len(data)
