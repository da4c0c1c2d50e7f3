"""Failures of a model that has too much to do."""

import json
from typing import Any

import pytest

from llmring.dialects.rates.overload import is_overload
from llmring.providers.dialects import DialectName, dialect_named
from llmring.routing.failure_policy import is_rate_limit
from llmring.wire import HttpHead

GOOGLE = {
    "error": {
        "code": 503,
        "message": "The model is overloaded. Please try again later.",
        "status": "UNAVAILABLE",
    }
}
DOWN = {"error": {"code": 503, "message": "The service is down.", "status": "UNAVAILABLE"}}
QUOTA = {"error": {"message": "Check your plan.", "code": "insufficient_quota"}}


@pytest.mark.parametrize(
    ("name", "status", "body", "expected"),
    [
        ("anthropic", 529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, True),
        ("anthropic", 500, {"error": {"type": "api_error", "message": "Oops"}}, False),
        ("anthropic", 429, {"error": {"type": "rate_limit_error", "message": "No"}}, True),
        ("gemini", 503, GOOGLE, True),
        ("gemini", 503, DOWN, False),
        ("openai_chat", 503, {"error": {"message": "The engine is overloaded"}}, True),
        ("openai_chat", 503, {"error": {"message": "no", "code": "slow_down"}}, True),
        ("openai_chat", 498, {"error": {"message": "Flex tier capacity exceeded"}}, True),
        ("openai_chat", 503, {"error": {"message": "Service is unavailable"}}, False),
        ("openai_chat", 429, {"error": {"message": "Rate limit reached"}}, True),
        ("openai_chat", 429, QUOTA, False),
        ("openai_responses", 429, {"error": {"code": "engine_overloaded_error"}}, True),
        ("openai_responses", 500, {"error": {"message": "it is overloaded"}}, False),
    ],
)
def test_b21_rate_limits_and_overload_are_known_by_status_and_the_vendor_s_own_words(
    name: DialectName, status: int, body: dict[str, Any], *, expected: bool
) -> None:
    error = dialect_named(name).explain(HttpHead(status, {}), json.dumps(body).encode())

    assert is_rate_limit(error) is expected


def test_an_overload_within_an_answer_has_its_code_alone() -> None:
    assert is_overload(None, ["Overloaded_Error"], None)
    assert not is_overload(None, [None], "it is overloaded")
