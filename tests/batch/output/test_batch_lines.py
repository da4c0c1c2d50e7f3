from typing import Any

import pytest
from msgspec import structs

from batch_outcomes import bad, ok
from llmring.batch.output.batch_lines import batch_line


def test_b4_an_answer_is_an_output_line_of_openai_s() -> None:
    outcome = ok(4, "yes", tokens_in=3, tokens_out=2, finish_reason="stop", model="openai:m")

    found = batch_line({"custom_id": "mine"}, outcome)

    assert (found["id"], found["custom_id"], found["error"]) == ("batch_req_4", "mine", None)
    assert found["response"]["status_code"] == 200
    body = found["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "yes"
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"]["total_tokens"] == 5


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"http_status": 400, "attempts": 1}, 400),
        ({"http_status": 529, "attempts": 3}, 529),
        ({"http_status": 200, "attempts": 1}, 500),
        ({"attempts": 2}, 500),
        ({}, 400),
    ],
    ids=["refused", "overloaded", "unreadable", "no answer", "never sent"],
)
def test_b4_a_failed_row_has_a_status_of_an_error_and_the_error_in_the_body(
    fields: dict[str, Any], status: int
) -> None:
    found = batch_line({}, bad(4, **fields))

    assert found["custom_id"] == "row-4"
    assert (found["response"]["status_code"], found["error"]) == (status, None)
    assert found["response"]["body"]["error"]["message"] == "no"
    assert found["response"]["body"]["error"]["type"] == "ProviderError"


def test_b4_embeddings_are_a_list() -> None:
    found = batch_line({}, ok(0, vectors=[[0.5, 1.0]], tokens_in=3))

    body = found["response"]["body"]
    assert body["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_b4_a_line_to_responses_is_answered_in_that_form() -> None:
    outcome = ok(0, "half", finish_reason="length", tokens_in=1, tokens_out=2)

    body = batch_line({"url": "/v1/responses"}, outcome)["response"]["body"]

    assert body["output"][0]["content"][0]["text"] == "half"
    assert (body["status"], body["usage"]["total_tokens"]) == ("incomplete", 3)


def test_b4_an_answer_of_a_schema_is_its_json() -> None:
    found = batch_line({}, structs.replace(ok(0, parsed={"a": 1}), text=None))

    assert found["response"]["body"]["choices"][0]["message"]["content"] == '{"a":1}'
