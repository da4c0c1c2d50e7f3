"""Errors in OpenAI's format."""

import json

import pytest

from llmring.dialects.openai.encode_error import encode_error, error_object
from llmring.dialects.openai.errors import explain
from llmring.dialects.reply_encoding import ErrorAnswer


@pytest.mark.parametrize(
    ("status", "code", "sent"),
    [
        (400, None, ("invalid_request_error", None)),
        (401, None, ("invalid_request_error", "invalid_api_key")),
        (404, None, ("invalid_request_error", "model_not_found")),
        (429, None, ("requests", "rate_limit_exceeded")),
        (429, "insufficient_quota", ("insufficient_quota", "insufficient_quota")),
        (402, "insufficient_quota", ("insufficient_quota", "insufficient_quota")),
        (503, None, ("server_error", None)),
        (500, "overloaded_error", ("overloaded_error", None)),
        (402, "402", (None, "402")),
    ],
)
def test_an_error_has_the_type_and_code_of_its_status(
    status: int, code: str | None, sent: tuple[str | None, str | None]
) -> None:
    found = error_object(ErrorAnswer(status=status, message="no", code=code))

    assert (found["type"], found["code"]) == sent
    assert (found["message"], found["param"]) == ("no", None)


def test_an_error_of_one_field_names_it() -> None:
    found = error_object(ErrorAnswer(status=400, message="no", param="messages.0.role"))

    assert found["param"] == "messages.0.role"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_encoded_error_is_read_back(status: int) -> None:
    answer = ErrorAnswer(status=status, message="no way", retry_after=2, request_id="r1")
    head, body = encode_error(answer)
    error = explain(head, body)

    assert json.loads(body).keys() == {"error"}
    assert (error.status, error.provider_message) == (status, "no way")
    assert (error.retry_after, error.request_id) == (2, "r1")
