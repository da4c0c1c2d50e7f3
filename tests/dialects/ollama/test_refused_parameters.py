"""Refusals of parameters, as Ollama words them."""

import json

import pytest

from llmring.dialects.ollama.decode_reply import explain
from llmring.dialects.request_changes import changed_request
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead, HttpRequest


@pytest.mark.parametrize(
    "message",
    [
        '"gemma3" does not support thinking',
        'think value "max" is not supported for this model',
        'invalid think value: "max" (must be "high", "medium", "low", true, or false)',
    ],
)
def test_reasoning_that_a_model_does_not_have_is_left_out(message: str) -> None:
    error = explain(HttpHead(400, {}), json.dumps({"error": message}).encode())
    assert isinstance(error, UnsupportedFeatureError)
    http = HttpRequest("POST", "http://x", {}, b'{"think":"max","model":"m"}')
    changed = changed_request(http, error.changes)

    assert changed is not None
    assert json.loads(changed.http.body) == {"model": "m"}


def test_a_number_is_moved_into_the_models_range() -> None:
    error = explain(HttpHead(400, {}), b'{"error":"temperature must be between 0 and 1"}')
    assert isinstance(error, UnsupportedFeatureError)
    http = HttpRequest("POST", "http://x", {}, b'{"options":{"temperature":1.5}}')
    changed = changed_request(http, error.changes)

    assert changed is not None
    assert json.loads(changed.http.body) == {"options": {"temperature": 1}}


def test_a_model_without_tools_gets_the_request_only_once() -> None:
    error = explain(HttpHead(400, {}), b'{"error":"\\"m\\" does not support tools"}')

    assert isinstance(error, UnsupportedFeatureError)
    assert error.changes == ()
