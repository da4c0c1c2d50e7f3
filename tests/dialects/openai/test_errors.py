import json
from typing import Any

import pytest

from llmring.dialects.openai.errors import explain
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead


def explained(status: int, body: Any, **headers: str) -> ProviderError:
    return explain(HttpHead(status, headers), json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "context_length_exceeded", ContextLengthError),
        (400, "exceed_context_size_error", ContextLengthError),
        (501, "not_supported_error", UnsupportedFeatureError),
        (400, "unsupported_parameter", UnsupportedFeatureError),
        (400, "unsupported_value", UnsupportedFeatureError),
        (400, "content_filter", ContentPolicyError),
        (400, "invalid_prompt", ContentPolicyError),
        (400, "invalid_model", ProviderModelNotFoundError),
        (404, "DeploymentNotFound", ProviderModelNotFoundError),
        (429, "insufficient_quota", ProviderRateLimitError),
        (400, "billing_hard_limit_reached", ProviderRateLimitError),
        (400, "tool_use_failed", ProviderResponseError),
        (413, "rate_limit_exceeded", ContextLengthError),
        (400, "invalid_image_format", ProviderRequestError),
        (401, "invalid_api_key", ProviderAuthenticationError),
    ],
)
def test_an_error_is_classified_by_its_code(
    status: int, code: str, kind: type[ProviderError]
) -> None:
    error = explained(status, {"error": {"message": "Something.", "type": "t", "code": code}})

    assert (type(error), error.code) == (kind, code)


def test_an_error_with_a_numeric_code_is_classified_by_its_type() -> None:
    body = {"error": {"message": "Big.", "type": "exceed_context_size_error", "code": 400}}

    assert type(explained(400, body)) is ContextLengthError


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "This model's maximum context length is 8192 tokens.", ContextLengthError),
        (400, "prompt too long; exceeded the limit by 3 tokens", ContextLengthError),
        (400, "Input is too long for requested model.", ContextLengthError),
        (400, "messages[0]: unknown variant `image_url`", UnsupportedFeatureError),
        (400, "Thinking mode does not support this tool_choice", UnsupportedFeatureError),
        (400, "this model supports at most 4096 tokens of output", UnsupportedFeatureError),
        (404, "No endpoints found that support image input", UnsupportedFeatureError),
        (500, "tools param requires --jinja flag", UnsupportedFeatureError),
        (403, "Content violates usage guidelines.", ContentPolicyError),
        (400, "Your input was flagged.", ContentPolicyError),
        (400, "acme/model-9 is not a valid model ID", ProviderModelNotFoundError),
        (400, "Model Not Exist", ProviderModelNotFoundError),
        (400, "The model `m` has been decommissioned", ProviderModelNotFoundError),
        (400, "Incorrect API key provided: xa***.", ProviderAuthenticationError),
        (403, "Country not supported", ProviderAuthenticationError),
        (400, "You uploaded an unsupported image.", ProviderRequestError),
        (429, "The context length quota is used up", ProviderRateLimitError),
        (500, "The server had an error", ProviderResponseError),
    ],
)
def test_an_error_without_a_code_is_classified_by_its_message(
    status: int, words: str, kind: type[ProviderError]
) -> None:
    assert type(explained(status, {"error": {"message": words}})) is kind


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Not like this", "code": "bad"}},
        {"error": "Not like this", "code": "bad"},
        {"message": "Not like this", "code": "bad"},
        {"object": "error", "message": "Not like this", "type": "bad", "code": 400},
        {"detail": "Not like this", "code": "bad"},
        [{"error": {"message": "Not like this", "code": "bad"}}],
        {"errors": [{"message": "Not like this", "code": "bad"}]},
    ],
)
def test_an_error_is_read_in_any_known_form(body: Any) -> None:
    error = explained(400, body)

    assert (error.provider_message, error.code) == ("Not like this", "bad")


def test_a_list_of_details_is_quoted() -> None:
    body = {"detail": [{"loc": ["body", "model"], "msg": "field required"}]}

    assert "field required" in (explained(422, body).provider_message or "")


def test_the_message_of_an_upstream_server_is_included() -> None:
    metadata = {"provider_name": "Acme", "raw": "limited upstream"}
    body = {"error": {"code": 429, "message": "Provider returned error", "metadata": metadata}}
    error = explained(429, body)

    assert error.provider_message == "Provider returned error"
    assert "limited upstream" in str(error)


def test_the_request_id_is_read_from_the_body() -> None:
    error = explained(400, {"error": {"message": "No"}, "request_id": "r-7"})

    assert error.request_id == "r-7"


def test_the_status_is_shown_once() -> None:
    assert str(explained(429, {"error": {"message": "Slow down", "code": 429}})) == "429 Slow down"
