"""The wire format of OpenAI's batches, and of vendors with its shape."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.batches.batch_api import BatchApi, BatchFault, LineResult, NewBatch
from llmring.dialects.batches.openai_batches import GROQ, MISTRAL, OPENAI, TOGETHER
from llmring.dialects.dialect import FileContent
from llmring.exceptions import UnreadableResponseError
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})
BODY = b'{"model":"m","messages":[]}'
NEW = NewBatch(tag="t-1", model="m", path="/chat/completions", file="file-1")

each_api = pytest.mark.parametrize("api", [OPENAI, GROQ, TOGETHER, MISTRAL], ids=lambda a: a.name)


def state(api: BatchApi, **fields: Any) -> Any:
    return api.state(HEAD, json.dumps({"id": "b-1", **fields}).encode())


def test_a_line_has_the_id_the_path_and_the_body() -> None:
    line = json.loads(OPENAI.line("row-1", "/chat/completions", BODY))

    assert line == {
        "custom_id": "row-1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": json.loads(BODY),
    }


def test_a_line_of_mistral_leaves_the_model_to_the_job() -> None:
    line = json.loads(MISTRAL.line("row-1", "/chat/completions", BODY))

    assert line == {"custom_id": "row-1", "body": {"messages": []}}


@pytest.mark.parametrize(
    ("api", "path", "payload"),
    [
        (
            OPENAI,
            "/batches",
            {
                "input_file_id": "file-1",
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
                "metadata": {"llmring": "t-1"},
                "output_expires_after": {"anchor": "created_at", "seconds": 2592000},
            },
        ),
        (
            GROQ,
            "/batches",
            {
                "input_file_id": "file-1",
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
                "metadata": {"llmring": "t-1"},
            },
        ),
        (
            TOGETHER,
            "/batches",
            {
                "input_file_id": "file-1",
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
            },
        ),
        (
            MISTRAL,
            "/batch/jobs",
            {
                "input_files": ["file-1"],
                "endpoint": "/v1/chat/completions",
                "model": "m",
                "timeout_hours": 24,
                "metadata": {"llmring": "t-1"},
            },
        ),
    ],
    ids=["openai", "groq", "together", "mistral"],
)
def test_a_batch_is_created_in_the_form_of_each_vendor(
    api: BatchApi, path: str, payload: dict[str, Any]
) -> None:
    request = api.create(NEW)

    assert (request.method, request.path, request.payload) == ("POST", path, payload)


@each_api
def test_an_input_file_is_uploaded_for_batches(api: BatchApi) -> None:
    assert api.files is not None
    file = FileContent(name="p.jsonl", media_type=api.files.media_type, data=b"{}\n")

    request = api.files.upload(file)

    purpose = b"batch-api" if api is TOGETHER else b"batch"
    assert request.path == "/files"
    assert request.body is not None
    assert b'name="purpose"\r\n\r\n' + purpose + b"\r\n" in request.body
    assert b'filename="p.jsonl"' in request.body
    assert api.files.uploaded(HEAD, b'{"id":"file-9"}') == "file-9"
    assert api.files.delete("file-9").path == "/files/file-9"


@pytest.mark.parametrize(
    ("native", "phase"),
    [
        ("validating", "open"),
        ("in_progress", "open"),
        ("finalizing", "open"),
        ("IN_PROGRESS", "open"),
        ("QUEUED", "open"),
        ("RUNNING", "open"),
        ("a state of next year", "open"),
        ("cancelling", "cancelling"),
        ("CANCELLATION_REQUESTED", "cancelling"),
        ("completed", "ended"),
        ("COMPLETED", "ended"),
        ("SUCCESS", "ended"),
        ("expired", "ended"),
        ("TIMEOUT_EXCEEDED", "ended"),
        ("cancelled", "ended"),
        ("failed", "refused"),
        ("FAILED", "refused"),
    ],
)
def test_each_state_has_a_phase(native: str, phase: str) -> None:
    assert state(OPENAI, status=native).phase == phase


@pytest.mark.parametrize("nothing", [None, ""])
def test_b42_an_output_file_without_a_name_is_left_out(nothing: str | None) -> None:
    found = state(OPENAI, status="completed", output_file_id=nothing, error_file_id="file-e")

    assert found.outputs == ("file-e",)


def test_a_batch_that_failed_with_results_has_ended() -> None:
    found = state(MISTRAL, status="FAILED", output_file="file-o", total_requests=3)

    assert (found.phase, found.outputs, found.counts.total) == ("ended", ("file-o",), 3)


def test_the_errors_of_a_batch_name_their_lines() -> None:
    data = [{"code": "invalid_json_line", "message": "no JSON", "line": 7, "param": None}]

    found = state(OPENAI, status="failed", errors={"object": "list", "data": data})

    assert found.faults == (BatchFault("invalid_json_line", "no JSON", 7),)


def test_a_new_batch_of_together_may_come_in_a_field() -> None:
    body = b'{"job":{"id":"b-7","status":"VALIDATING","created_at":"2027-01-15T08:00:00Z"}}'

    found = TOGETHER.state(HEAD, body)

    assert (found.id, found.phase, found.created) == ("b-7", "open", 1_800_000_000.0)


def test_a_list_goes_on_until_its_last_page() -> None:
    page = b'{"data":[{"id":"b-2","status":"completed"}],"has_more":true,"last_id":"b-2"}'

    states, mark = OPENAI.listed(HEAD, page, None)

    assert [each.id for each in states] == ["b-2"]
    assert OPENAI.listing(mark).path == "/batches?limit=100&after=b-2"
    assert OPENAI.listed(HEAD, b'{"data":[],"has_more":false}', "b-2") == ([], None)
    assert TOGETHER.listed(HEAD, b'[{"id":"b-3"}]', None)[1] is None
    assert MISTRAL.listing(None).path == "/batch/jobs?page_size=100&page=0"


def test_a_list_of_numbered_pages_goes_on_while_pages_are_full() -> None:
    full = json.dumps({"data": [{"id": str(n)} for n in range(100)]}).encode()

    assert MISTRAL.listed(HEAD, full, None)[1] == "1"
    assert MISTRAL.listed(HEAD, full, "1")[1] == "2"
    assert MISTRAL.listed(HEAD, b'{"data":[{"id":"x"}]}', "2")[1] is None


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (
            '{"id":"r","custom_id":"a","response":{"status_code":200,"request_id":"q",'
            '"body":{"x":1}},"error":null}',
            LineResult(id="a", end="answered", status=200, body=b'{"x":1}'),
        ),
        (
            '{"custom_id":"a","response":{"status_code":400,"body":{"error":{}}},"error":null}',
            LineResult(id="a", end="errored", status=400, body=b'{"error":{}}'),
        ),
        (
            '{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"late"}}',
            LineResult(id="a", end="expired", message="late", code="batch_expired"),
        ),
        (
            '{"custom_id":"a","error":{"code":"batch_cancelled","message":"stop"}}',
            LineResult(id="a", end="cancelled", message="stop", code="batch_cancelled"),
        ),
        ('{"custom_id":"a","error":"broken"}', LineResult(id="a", end="errored", message="broken")),
        ('{"custom_id":"a"}', LineResult(id="a", end="errored")),
        ('{"custom_id":"a","resp', None),
        ("{}", None),
    ],
)
def test_b42_a_line_of_results_is_an_answer_an_error_or_nothing(
    line: str, result: LineResult | None
) -> None:
    assert OPENAI.result(line.encode()) == result


@given(st.binary(max_size=60))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    result = OPENAI.result(line)

    assert result is None or isinstance(result.id, str)


@given(st.binary(max_size=60))
def test_any_reply_is_a_state_or_unreadable(body: bytes) -> None:
    with contextlib.suppress(UnreadableResponseError):
        assert OPENAI.state(HEAD, body).id
