"""Errors of Anthropic's API, and their classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.events import (
    Event,
    Failed,
)
from llmring.dialects.anthropic.dialect import DIALECT
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

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "anthropic"


SSE = HttpHead(200, {"content-type": "text/event-stream", "request-id": "req_head"})


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(SSE)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def failure(events: list[Event]) -> ProviderError:
    (failed,) = (event for event in events if isinstance(event, Failed))
    return failed.error


def explained(status: int, kind: str, message: str) -> ProviderError:
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return DIALECT.explain(HttpHead(status, {}), json.dumps(body).encode())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rate_limit_error", ProviderRateLimitError),
        ("authentication_error", ProviderAuthenticationError),
        ("timeout_error", ProviderTimeoutError),
        ("invalid_request_error", ProviderRequestError),
        ("api_error", ProviderResponseError),
        ("new_error", ProviderResponseError),
    ],
)
def test_an_error_in_a_stream_is_classified_by_its_type(kind: str, expected: type) -> None:
    body = sse({"type": "error", "error": {"type": kind, "message": "no"}})

    assert type(failure(streamed(body))) is expected


def test_a_rate_limit_is_explained() -> None:
    head = HttpHead(429, {"retry-after": "7", "request-id": "req_head"})
    error = DIALECT.explain(head, sample("error_429.json"))

    assert type(error) is ProviderRateLimitError
    assert (error.status, error.code, error.retry_after) == (429, "rate_limit_error", 7.0)
    assert error.request_id == "req_limited"


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (401, "authentication_error", "invalid x-api-key", ProviderAuthenticationError),
        (402, "billing_error", "Pay first.", ProviderAuthenticationError),
        (403, "permission_error", "Not yours.", ProviderAuthenticationError),
        (404, "not_found_error", "model: claude-0", ProviderModelNotFoundError),
        (413, "request_too_large", "Too large.", ContextLengthError),
        (500, "api_error", "Internal server error", ProviderResponseError),
        (504, "timeout_error", "Too slow.", ProviderTimeoutError),
        (529, "overloaded_error", "Overloaded", ProviderResponseError),
        (409, "conflict_error", "Changed meanwhile.", ProviderResponseError),
        (422, "invalid_request_error", "No.", ProviderRequestError),
        (400, "invalid_request_error", "max_tokens: Field required", ProviderRequestError),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 213462 tokens > 200000 maximum",
            ContextLengthError,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            ProviderAuthenticationError,
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits.",
            ProviderRateLimitError,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            ContentPolicyError,
        ),
        (
            400,
            "invalid_request_error",
            '"thinking.type.enabled" is not supported for this model.',
            UnsupportedFeatureError,
        ),
        # Errors of llama.cpp's server.
        (400, "exceed_context_size_error", "request (5022 tokens) …", ContextLengthError),
        (500, "server_error", "image input is not supported", UnsupportedFeatureError),
        (500, "server_error", "slot unavailable", ProviderResponseError),
        (501, "not_supported_error", "no embeddings", UnsupportedFeatureError),
    ],
)
def test_an_error_is_classified_by_type_then_by_message(
    status: int, kind: str, message: str, expected: type
) -> None:
    error = explained(status, kind, message)

    assert type(error) is expected
    assert error.provider_message == message


def test_an_error_page_keeps_an_excerpt() -> None:
    error = DIALECT.explain(HttpHead(502, {}), b"<html>upstream is down</html>")

    assert type(error) is ProviderResponseError
    assert "upstream is down" in str(error)


def test_the_error_code_takes_precedence_over_the_type() -> None:
    details = {"error_code": "organization_on_hold"}
    message = {"type": "invalid_request_error", "message": "On hold.", "details": details}
    error = DIALECT.explain(HttpHead(400, {}), json.dumps({"error": message}).encode())

    assert type(error) is ProviderAuthenticationError
    assert error.code == "invalid_request_error"
