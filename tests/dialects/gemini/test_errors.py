"""Errors of Google's APIs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmring.dialects.gemini.dialect import DIALECT
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "google.jsonl"
SAMPLE = Path(__file__).resolve().parents[2] / "wire_samples" / "gemini" / "error_429.json"


def explained(status: int, name: str, message: str, *details: dict[str, Any]) -> ProviderError:
    error = {"code": status, "message": message, "status": name, "details": details}
    return DIALECT.explain(HttpHead(status, {}), json.dumps({"error": error}).encode())


def test_a_rate_limit_error_has_its_retry_delay() -> None:
    error = DIALECT.explain(HttpHead(429, {}), SAMPLE.read_bytes())

    assert type(error) is ProviderRateLimitError
    assert (error.status, error.code, error.retry_after) == (429, "RESOURCE_EXHAUSTED", 7.25)


def test_the_retry_header_takes_precedence() -> None:
    error = DIALECT.explain(HttpHead(429, {"retry-after": "3"}), SAMPLE.read_bytes())

    assert error.retry_after == 3.0


def test_an_error_in_an_array_is_read() -> None:
    error = DIALECT.explain(HttpHead(429, {}), b"[" + SAMPLE.read_bytes() + b"]")

    assert type(error) is ProviderRateLimitError


def test_a_wrong_key_with_status_400_is_an_authentication_error() -> None:
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = explained(400, "INVALID_ARGUMENT", "Please pass a valid key.", reason)

    assert type(error) is ProviderAuthenticationError


@pytest.mark.parametrize(
    ("status", "name", "message", "expected"),
    [
        (400, "INVALID_ARGUMENT", "Unknown name", ProviderRequestError),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1250074) exceeds the maximum number of tokens allowed.",
            ContextLengthError,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Function calling is not enabled for models/gemma-3-1b-it",
            UnsupportedFeatureError,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            ProviderAuthenticationError,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The prompt has words that violate Google's Responsible AI practices.",
            ContentPolicyError,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Function calling with a response mime type: 'application/json' is unsupported",
            UnsupportedFeatureError,
        ),
        (400, "OUT_OF_RANGE", "Too far.", ProviderRequestError),
        (401, "UNAUTHENTICATED", "No.", ProviderAuthenticationError),
        (403, "PERMISSION_DENIED", "No.", ProviderAuthenticationError),
        (409, "ABORTED", "Again.", ProviderResponseError),
        (429, "RESOURCE_EXHAUSTED", "Slow down.", ProviderRateLimitError),
        (499, "CANCELLED", "Gone.", ProviderResponseError),
        (501, "UNIMPLEMENTED", "Not yet.", UnsupportedFeatureError),
        (
            404,
            "NOT_FOUND",
            "models/x is not found, or is not supported for generateContent.",
            ProviderModelNotFoundError,
        ),
        (500, "INTERNAL", "Oops.", ProviderResponseError),
        (503, "UNAVAILABLE", "The model is overloaded.", ProviderResponseError),
        (504, "DEADLINE_EXCEEDED", "Too slow.", ProviderTimeoutError),
    ],
)
def test_an_error_is_classified_by_status_name_then_by_message(
    status: int, name: str, message: str, expected: type
) -> None:
    error = explained(status, name, message)

    assert type(error) is expected
    assert error.provider_message == message


def test_an_error_page_is_quoted() -> None:
    error = DIALECT.explain(HttpHead(502, {}), b"<html>upstream is down</html>")

    assert type(error) is ProviderResponseError
    assert "upstream is down" in str(error)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please retry in 48.939935699s.", 48.939935699),
        ("Please retry in 1h2m3.5s.", 3723.5),
        ("Please retry in 250ms.", 0.25),
        ("Please retry in 2m.", 120.0),
        ("Please retry in a while.", None),
    ],
)
def test_a_retry_delay_is_read_from_the_message(words: str, seconds: float | None) -> None:
    assert explained(429, "RESOURCE_EXHAUSTED", words).retry_after == seconds


@pytest.mark.parametrize("delay", ["soon", "", "9" * 500 + "s", 7, None])
def test_an_invalid_retry_delay_is_ignored(delay: Any) -> None:
    assert explained(429, "RESOURCE_EXHAUSTED", "No.", {"retryDelay": delay}).retry_after is None


def test_the_request_id_is_read_from_the_details() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "req-7"}

    assert explained(500, "INTERNAL", "Oops.", info).request_id == "req-7"


RECORDED = {
    "google-071a823216": ProviderModelNotFoundError,
    "google-1388d5935f": ContextLengthError,
    "google-516f80f8fc": ProviderModelNotFoundError,
    "google-5356d65c6d": ProviderModelNotFoundError,
    "google-5ffb73d720": ProviderModelNotFoundError,
    "google-72f9afc036": ProviderRequestError,
    "google-8056f6bc02": ProviderRateLimitError,
    "google-eab34d7cd0": ProviderModelNotFoundError,
}


@pytest.mark.skipif(not RECORDINGS.is_file(), reason="needs the recordings next to the repository")
def test_every_recorded_error_has_the_expected_class() -> None:
    with RECORDINGS.open(encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    found = {
        each["id"]: DIALECT.explain(
            HttpHead(each["response"]["status"], {}), each["response"]["body"].encode()
        )
        for each in every
        if each["kind"] == "error"
    }

    assert {id_: type(error) for id_, error in found.items()} == RECORDED
    assert found["google-8056f6bc02"].retry_after == pytest.approx(48, abs=1)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", False),
        ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", None),
    ],
)
def test_a_quota_of_the_day_is_not_worth_a_retry(quota: str, expected: bool | None) -> None:
    failed = "type.googleapis.com/google.rpc.QuotaFailure"
    detail = {"@type": failed, "violations": [{"quotaId": quota}]}
    error = explained(429, "RESOURCE_EXHAUSTED", "No.", detail)

    assert error.should_retry is expected
