"""Errors of the account, the model, its capacity and the history, as vendors send them."""

import json
from typing import Any

import pytest

from llmring.dialects.openai.errors import explain
from llmring.exceptions import (
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

ACCOUNT, MODEL = ProviderAuthenticationError, ProviderModelNotFoundError
BUSY, FORM = ProviderResponseError, UnsupportedFeatureError


def openai_error(message: str, code: str | None = None, param: str | None = None) -> Any:
    fields = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": fields}


def read(status: int, body: Any, **headers: str) -> ProviderError:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return explain(HttpHead(status, named), json.dumps(body).encode())


BODIES: list[tuple[str, int, Any, type[ProviderError]]] = [
    (
        "groq",
        400,
        openai_error("Organization has been restricted.", "organization_restricted"),
        ACCOUNT,
    ),
    (
        "groq terms",
        400,
        openai_error("Requires terms acceptance.", "model_terms_required"),
        ACCOUNT,
    ),
    (
        "fireworks",
        412,
        {
            "error": {
                "message": "Account a is suspended, possibly due to reaching the monthly spending "
                "limit or failure to pay past invoices.",
                "code": "PRECONDITION_FAILED",
                "type": "error",
            }
        },
        ACCOUNT,
    ),
    (
        "alibaba",
        400,
        {"error": {"code": "Arrearage", "type": "Arrearage", "message": "Access denied"}},
        ACCOUNT,
    ),
    (
        "litellm",
        400,
        {
            "error": {
                "message": "Budget has been exceeded!",
                "type": "budget_exceeded",
                "code": "400",
            }
        },
        ACCOUNT,
    ),
    (
        "google",
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "User location is not supported for the API use.",
                    "status": "FAILED_PRECONDITION",
                }
            }
        ],
        ACCOUNT,
    ),
    (
        "openai verification",
        400,
        openai_error("Your organization must be verified to stream this model.", None, "stream"),
        ACCOUNT,
    ),
    ("deepseek", 402, {"error": {"message": "Insufficient Balance"}}, ACCOUNT),
    ("openrouter", 400, {"error": {"message": "Insufficient credits", "code": 400}}, ACCOUNT),
    ("legal", 451, {"error": {"message": "Unavailable here"}}, ACCOUNT),
    (
        "nvidia",
        400,
        {"status": 400, "detail": "Function id 'x': DEGRADED function cannot be invoked"},
        BUSY,
    ),
    (
        "groq flex",
        498,
        {"error": {"message": "Flex tier capacity exceeded", "code": "capacity_exceeded"}},
        BUSY,
    ),
    ("together", 400, openai_error("Unable to access non-serverless model x.", None), MODEL),
    ("fireworks model", 404, openai_error("Model not found, and/or not deployed"), MODEL),
    (
        "litellm model",
        400,
        openai_error("/chat/completions: Invalid model name passed in model=x."),
        MODEL,
    ),
    ("github", 400, {"error": {"code": "unknown_model", "message": "Unknown model: x"}}, MODEL),
    ("alibaba model", 400, {"error": {"code": "model_not_supported", "message": "No."}}, MODEL),
    (
        "deepseek history",
        400,
        openai_error(
            "The `reasoning_content` in the thinking mode must be passed back to the API."
        ),
        FORM,
    ),
    (
        "moonshot history",
        400,
        openai_error("thinking is enabled but reasoning_content is missing in assistant tool call"),
        FORM,
    ),
    (
        "mistral IDs",
        400,
        {
            "object": "error",
            "message": "Tool call id was call_0 but must be a-z, A-Z, 0-9, with a length of 9.",
            "type": "invalid_function_call",
            "code": "3280",
        },
        FORM,
    ),
    (
        "mistral order",
        400,
        {
            "object": "error",
            "message": "Expected last role User or Tool but got assistant",
            "type": "invalid_request_message_order",
        },
        FORM,
    ),
    (
        "mistral fields",
        422,
        {
            "detail": [
                {
                    "type": "extra_forbidden",
                    "loc": ["body", "messages", 1, "assistant", "reasoning_content"],
                    "msg": "Extra inputs are not permitted",
                }
            ]
        },
        FORM,
    ),
    (
        "openai IDs",
        400,
        openai_error(
            "Invalid 'messages[1].tool_calls[0].id': string too long.",
            "string_above_max_length",
            "messages[1].tool_calls[0].id",
        ),
        FORM,
    ),
    (
        "responses IDs",
        400,
        openai_error(
            "Invalid 'input[2].id'. Expected an ID that begins with 'fc'.",
            "invalid_value",
            "input[2].id",
        ),
        FORM,
    ),
    (
        "responses reasoning",
        400,
        openai_error("Item 'rs_1' was provided without its required following item."),
        FORM,
    ),
    (
        "google signature",
        400,
        openai_error("Function call is missing a thought_signature in functionCall parts."),
        FORM,
    ),
    (
        "groq history",
        400,
        openai_error(
            "'messages.1' : for 'role:assistant' the following must be satisfied"
            "[('messages.1' : property 'reasoning_content' is unsupported)]"
        ),
        FORM,
    ),
    (
        "anthropic behind openrouter",
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": json.dumps(
                        {
                            "type": "error",
                            "error": {
                                "type": "invalid_request_error",
                                "message": "messages.1.content.0.type: Expected `thinking` or "
                                "`redacted_thinking`, but found `text`.",
                            },
                        }
                    )
                },
            }
        },
        FORM,
    ),
    (
        "vllm template",
        400,
        {
            "object": "error",
            "message": "Conversation roles must alternate user/assistant/user/assistant/...",
            "type": "BadRequestError",
            "code": 400,
        },
        FORM,
    ),
    (
        "llama.cpp template",
        500,
        {"error": {"code": 500, "message": "conversation roles must alternate", "type": "server"}},
        FORM,
    ),
    (
        "openrouter parameters",
        404,
        {"error": {"message": "No endpoints found that can handle the requested parameters."}},
        FORM,
    ),
    (
        "deepseek order",
        400,
        openai_error("Invalid consecutive assistant message at message index 2"),
        FORM,
    ),
    (
        "deepseek limit",
        400,
        openai_error("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
        FORM,
    ),
    (
        "alibaba limit",
        400,
        {"error": {"code": "x", "message": "Range of max_tokens should be [1, 8192]"}},
        FORM,
    ),
    ("groq limit", 400, openai_error("`max_tokens` must be less than or equal to `8192`"), FORM),
    (
        "vllm tools",
        400,
        {"object": "error", "message": '"auto" tool choice requires --enable-auto-tool-choice'},
        FORM,
    ),
    (
        "moonshot length",
        400,
        openai_error("Your request exceeded model token limit: 131072"),
        ContextLengthError,
    ),
    (
        "a wrong request",
        400,
        openai_error("Missing required parameter: 'messages'."),
        ProviderRequestError,
    ),
    (
        "calls without results",
        400,
        openai_error("An assistant message with 'tool_calls' must be followed by tool messages"),
        ProviderRequestError,
    ),
    ("too large for a proxy", 413, {"detail": "Request Entity Too Large"}, ProviderRequestError),
    ("wrong type", 415, {"message": "Unsupported Media Type"}, ProviderRequestError),
]


@pytest.mark.parametrize(
    ("status", "body", "kind"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
)
def test_an_error_is_classed_by_what_can_be_done_about_it(
    status: int, body: Any, kind: type[ProviderError]
) -> None:
    assert type(read(status, body)) is kind


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "insufficient_quota"),
        (429, "billing_not_active"),
        (429, "exceeded_current_quota_error"),
        (400, "billing_hard_limit_reached"),
    ],
)
def test_a_quota_that_is_used_up_is_not_worth_a_retry(status: int, code: str) -> None:
    error = read(status, openai_error("You exceeded your current quota.", code))

    assert error.should_retry is False
    assert isinstance(error, ProviderRateLimitError)


@pytest.mark.parametrize(
    ("header", "expected"), [("true", True), ("false", False), ("maybe", None)]
)
def test_the_header_that_advises_for_or_against_a_retry_is_read(
    header: str, expected: bool | None
) -> None:
    assert read(500, openai_error("No."), x_should_retry=header).should_retry is expected


def test_an_error_says_nothing_about_retries_by_itself() -> None:
    assert read(429, openai_error("Slow down.", "rate_limit_exceeded")).should_retry is None
