"""The wire format of Google's batches of Gemini."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.batches.batch_api import BatchCounts, BatchFault, LineResult, NewBatch
from llmring.dialects.batches.gemini_batches import GEMINI
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})


def operation(state: str, **fields: Any) -> bytes:
    metadata = {
        "displayName": "t-1",
        "state": state,
        "createTime": "2027-01-15T08:00:00Z",
        "inputConfig": {"fileName": "files/f1"},
        "batchStats": {
            "requestCount": "3",
            "successfulRequestCount": "2",
            "failedRequestCount": "1",
        },
    }
    return json.dumps({"name": "batches/b1", "metadata": metadata, **fields}).encode()


def test_a_line_has_the_key_and_the_request() -> None:
    line = GEMINI.line("row-1", "/v1beta/models/m:generateContent", b'{"contents":[]}')

    assert json.loads(line) == {"key": "row-1", "request": {"contents": []}}


def test_a_batch_is_created_of_a_file_for_one_model() -> None:
    new = NewBatch(tag="t-1", model="models/gemini-x", path="/any", file="files/f1")

    request = GEMINI.create(new)

    assert request.path == "/v1beta/models/gemini-x:batchGenerateContent"
    assert request.payload == {
        "batch": {"displayName": "t-1", "inputConfig": {"fileName": "files/f1"}}
    }


@pytest.mark.parametrize("prefix", ["BATCH_STATE_", "JOB_STATE_"])
@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("UNSPECIFIED", "open"),
        ("PENDING", "open"),
        ("RUNNING", "open"),
        ("PAUSED", "open"),
        ("SUCCEEDED", "ended"),
        ("PARTIALLY_SUCCEEDED", "ended"),
        ("CANCELLED", "ended"),
        ("EXPIRED", "ended"),
        ("FAILED", "refused"),
    ],
)
def test_each_state_has_a_phase(prefix: str, name: str, phase: str) -> None:
    assert GEMINI.state(HEAD, operation(prefix + name)).phase == phase


def test_the_counts_are_texts_and_the_results_a_file() -> None:
    body = operation("BATCH_STATE_SUCCEEDED", response={"responsesFile": "files/out"})

    found = GEMINI.state(HEAD, body)

    assert (found.id, found.tag, found.file) == ("batches/b1", "t-1", "files/f1")
    assert (found.counts, found.outputs) == (BatchCounts(3, 2, 1), ("files/out",))
    assert GEMINI.download("files/out").path == "/download/v1beta/files/out:download?alt=media"


def test_a_failed_batch_has_its_error() -> None:
    body = operation("BATCH_STATE_FAILED", error={"code": 8, "message": "too much"})

    assert GEMINI.state(HEAD, body).faults == (BatchFault("RESOURCE_EXHAUSTED", "too much"),)


def test_the_stored_files_are_known_by_their_display_names() -> None:
    assert GEMINI.files is not None
    body = b'{"files":[{"name":"files/f1","displayName":"p.jsonl"}],"nextPageToken":"n"}'

    [file], mark = GEMINI.files.listed(HEAD, body, None)

    assert (file.id, file.name) == ("files/f1", "p.jsonl")
    assert GEMINI.files.listing(mark).path == "/v1beta/files?pageSize=100&pageToken=n"
    assert GEMINI.files.uploaded(HEAD, b'{"file":{"name":"files/f2"}}') == "files/f2"
    assert GEMINI.files.delete("files/f2").path == "/v1beta/files/f2"


@pytest.mark.parametrize("name", ["operations", "batches"])
def test_batches_are_listed_under_either_name(name: str) -> None:
    body = json.dumps({name: [json.loads(operation("BATCH_STATE_RUNNING"))]}).encode()

    [state], mark = GEMINI.listed(HEAD, body, None)

    assert (state.id, state.tag, mark) == ("batches/b1", "t-1", None)
    assert GEMINI.look(state.id).path == "/v1beta/batches/b1"
    assert GEMINI.cancel(state.id).path == "/v1beta/batches/b1:cancel"


def test_a_response_is_an_answer() -> None:
    found = GEMINI.result(b'{"key":"a","response":{"candidates":[]}}')

    assert found == LineResult(id="a", end="answered", status=200, body=b'{"candidates":[]}')


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 3, "message": "bad"}, 400),
        ({"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}, 400),
        ({"code": 8, "message": "quota"}, 429),
        ({"code": 503, "message": "busy", "status": "UNAVAILABLE"}, 503),
        ({"code": 99, "message": "?"}, 500),
    ],
)
@pytest.mark.parametrize("field", ["error", "status"])
def test_an_error_has_the_status_that_it_has_live(
    field: str, error: dict[str, Any], status: int
) -> None:
    found = GEMINI.result(json.dumps({"key": "a", field: error}).encode())

    assert found is not None
    assert (found.end, found.status) == ("errored", status)
    assert json.loads(found.body)["error"]["message"] == error["message"]


def test_a_cancelled_request_was_not_asked() -> None:
    found = GEMINI.result(b'{"key":"a","error":{"code":1,"message":"stop"}}')

    assert found is not None
    assert found.end == "cancelled"


@given(st.binary(max_size=60))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    result = GEMINI.result(line)

    assert result is None or isinstance(result.id, str)
