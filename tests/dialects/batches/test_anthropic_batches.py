"""The wire format of Anthropic's Message Batches."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.batches.anthropic_batches import ANTHROPIC
from llmring.dialects.batches.batch_api import BatchCounts, LineResult, NewBatch
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})
BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "in_progress",
    "created_at": "2027-01-15T08:00:00Z",
    "ended_at": None,
    "results_url": None,
    "request_counts": {"processing": 4, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
}


def test_the_requests_are_sent_with_the_batch() -> None:
    lines = [ANTHROPIC.line(f"r{n}", "/v1/messages", b'{"max_tokens":1}') for n in (1, 2)]
    new = NewBatch(
        tag="t",
        model="m",
        path="/v1/messages",
        body=ANTHROPIC.input_of(b"".join(line + b"\n" for line in lines)),
        headers={"anthropic-beta": "x"},
    )

    request = ANTHROPIC.create(new)

    assert (request.path, request.headers) == ("/v1/messages/batches", {"anthropic-beta": "x"})
    assert json.loads(request.body or b"") == {
        "requests": [
            {"custom_id": "r1", "params": {"max_tokens": 1}},
            {"custom_id": "r2", "params": {"max_tokens": 1}},
        ]
    }


def test_a_batch_at_work_has_no_results() -> None:
    found = ANTHROPIC.state(HEAD, json.dumps(BATCH).encode())

    assert (found.phase, found.outputs, found.created) == ("open", (), 1_800_000_000.0)
    assert found.counts == BatchCounts(4, 0, 0)


def test_a_batch_that_has_ended_has_its_results_at_the_address_of_the_key() -> None:
    counts = {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 1}
    ended = {
        **BATCH,
        "processing_status": "ended",
        "results_url": "https://elsewhere.example/steal",
        "request_counts": counts,
    }

    found = ANTHROPIC.state(HEAD, json.dumps(ended).encode())

    assert (found.phase, found.counts) == ("ended", BatchCounts(4, 2, 1))
    [output] = found.outputs
    assert ANTHROPIC.download(output).path == "/v1/messages/batches/msgbatch_1/results"


def test_a_batch_being_cancelled_is_not_at_its_end() -> None:
    found = ANTHROPIC.state(HEAD, json.dumps({**BATCH, "processing_status": "canceling"}).encode())

    assert found.phase == "cancelling"
    assert ANTHROPIC.cancel("msgbatch_1").path == "/v1/messages/batches/msgbatch_1/cancel"


def test_a_list_goes_on_after_its_last_batch() -> None:
    page = json.dumps({"data": [BATCH], "has_more": True, "last_id": "msgbatch_1"}).encode()

    states, mark = ANTHROPIC.listed(HEAD, page, None)

    assert [each.id for each in states] == ["msgbatch_1"]
    assert ANTHROPIC.listing(mark).path == "/v1/messages/batches?limit=100&after_id=msgbatch_1"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            '{"type":"succeeded","message":{"id":"m"}}',
            LineResult(id="a", end="answered", status=200, body=b'{"id":"m"}'),
        ),
        ('{"type":"expired"}', LineResult(id="a", end="expired")),
        ('{"type":"canceled"}', LineResult(id="a", end="cancelled")),
        (
            '{"type":"new"}',
            LineResult(id="a", end="errored", message="an unknown result: 'new'"),
        ),
    ],
)
def test_a_result_has_one_of_four_types(result: str, expected: LineResult) -> None:
    assert ANTHROPIC.result(f'{{"custom_id":"a","result":{result}}}'.encode()) == expected


@pytest.mark.parametrize(
    ("kind", "status"),
    [("invalid_request_error", 400), ("overloaded_error", 529), ("api_error", 500), ("new", 500)],
)
def test_an_error_has_the_status_that_it_has_live(kind: str, status: int) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "words"}}
    line = {"custom_id": "a", "result": {"type": "errored", "error": error}}

    found = ANTHROPIC.result(json.dumps(line).encode())

    assert found is not None
    assert (found.end, found.status, json.loads(found.body)) == ("errored", status, error)


@given(st.binary(max_size=60))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    result = ANTHROPIC.result(line)

    assert result is None or isinstance(result.id, str)
