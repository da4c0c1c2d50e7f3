"""Refusals of parameters, as servers of OpenAI's dialects word them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.openai.errors import explain
from llmring.dialects.openai.refused_parameters import refusal_of
from llmring.dialects.request_changes import changed_request
from llmring.exceptions import ProviderRequestError, UnsupportedFeatureError
from llmring.wire import HttpHead, HttpRequest


def openai_error(message: str, code: str | None = None, param: str | None = None) -> Any:
    fields = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": fields}


def after_refusal(sent: dict[str, Any], status: int, body: Any) -> Any:
    """Return the body that is sent once more; None if there is none."""
    error = explain(HttpHead(status, {}), json.dumps(body).encode())
    assert isinstance(error, UnsupportedFeatureError)
    changed = changed_request(
        HttpRequest("POST", "http://x", {}, json.dumps(sent).encode()), error.changes
    )
    return None if changed is None else json.loads(changed.http.body)


CASES: list[tuple[str, Any, dict[str, Any], Any]] = [
    (
        "openai temperature",
        openai_error(
            "Unsupported value: 'temperature' does not support 0.5 with this model. Only the "
            "default (1) value is supported.",
            "unsupported_value",
            "temperature",
        ),
        {"temperature": 0.5, "top_p": 0.9},
        {"top_p": 0.9},
    ),
    (
        "openai limit",
        openai_error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            "unsupported_parameter",
            "max_tokens",
        ),
        {"max_tokens": 5},
        {"max_completion_tokens": 5},
    ),
    (
        "mistral limit",
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "max_completion_tokens"],
                        "msg": "Extra inputs are not permitted",
                        "input": 5,
                    }
                ]
            },
        },
        {"max_completion_tokens": 5},
        {"max_tokens": 5},
    ),
    (
        "vllm",
        {
            "object": "error",
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'parallel_tool_calls'), "
            "'msg': 'Extra inputs are not permitted', 'input': True}]",
            "type": "BadRequestError",
            "code": 400,
        },
        {"parallel_tool_calls": True, "seed": 1},
        {"seed": 1},
    ),
    (
        "openai effort",
        openai_error(
            "Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model. "
            "Supported values are: 'low', 'medium', and 'high'.",
            "unsupported_value",
            "reasoning_effort",
        ),
        {"reasoning_effort": "xhigh"},
        {"reasoning_effort": "high"},
    ),
    (
        "responses effort",
        openai_error(
            "Invalid value: 'minimal'. Supported values are: 'none', 'low', 'medium', 'high'.",
            "invalid_value",
            "reasoning.effort",
        ),
        {"reasoning": {"effort": "minimal", "summary": "auto"}},
        {"reasoning": {"effort": "low", "summary": "auto"}},
    ),
    (
        "groq effort",
        openai_error("`reasoning_effort` must be one of `none` or `default`"),
        {"reasoning_effort": "low", "seed": 1},
        {"seed": 1},
    ),
    (
        "openai without effort",
        openai_error("Unrecognized request argument supplied: reasoning_effort"),
        {"reasoning_effort": "low", "seed": 1},
        {"seed": 1},
    ),
    (
        "openai summary",
        openai_error(
            "Your organization must be verified to generate reasoning summaries.",
            "unsupported_value",
            "reasoning.summary",
        ),
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {"reasoning": {"effort": "low"}},
    ),
    (
        "responses encrypted reasoning",
        openai_error("Encrypted content is not supported with this model.", None, "include"),
        {"include": ["reasoning.encrypted_content"], "store": False},
        {"store": False},
    ),
    (
        "openai tools",
        openai_error(
            "Function tools with reasoning_effort are not supported for m in "
            "/v1/chat/completions. Use /v1/responses or set reasoning_effort to 'none'.",
            None,
            "reasoning_effort",
        ),
        {"tools": [1]},
        {"tools": [1], "reasoning_effort": "none"},
    ),
    (
        "xai",
        {
            "code": "Client specified an invalid argument",
            "error": "Model grok-4 does not support parameter presencePenalty.",
        },
        {"presence_penalty": 1, "seed": 1},
        {"seed": 1},
    ),
    (
        "xai effort",
        {
            "code": "invalid-argument",
            "error": "Argument not supported on this model: reasoning.effort",
        },
        {"reasoning": {"effort": "low"}, "seed": 1},
        {"seed": 1},
    ),
    (
        "litellm",
        {
            "error": {
                "message": "litellm.UnsupportedParamsError: openai does not support parameters: "
                "['temperature', 'seed'], for model=m. To drop these, set drop_params.",
                "code": "400",
            }
        },
        {"temperature": 1, "seed": 1, "n": 1},
        {"n": 1},
    ),
    (
        "fireworks",
        {"error": {"message": "Extra inputs are not permitted, field: 'seed', value: 1"}},
        {"seed": 1, "n": 1},
        {"n": 1},
    ),
    (
        "cerebras",
        {
            "message": "property 'frequency_penalty' is unsupported",
            "type": "invalid_request_error",
            "param": "frequency_penalty",
            "code": "wrong_api_format",
        },
        {"frequency_penalty": 1, "n": 1},
        {"n": 1},
    ),
    (
        "nvidia",
        {
            "status": 400,
            "title": "Bad Request",
            "detail": "Validation: Unsupported parameter(s): `seed`",
        },
        {"seed": 1, "n": 1},
        {"n": 1},
    ),
    (
        "moonshot",
        {
            "error": {
                "message": "invalid temperature: only 1 is allowed for this model",
                "type": "invalid_request_error",
            }
        },
        {"temperature": 0.3, "n": 1},
        {"n": 1},
    ),
    (
        "alibaba budget",
        {
            "error": {
                "code": "invalid_parameter_error",
                "message": "The thinking_budget parameter must be a positive integer and not "
                "greater than 38912",
            }
        },
        {"thinking_budget": 50000},
        {"thinking_budget": 38912},
    ),
    (
        "alibaba thinking",
        {
            "error": {
                "code": "invalid_parameter_error",
                "message": "parameter.enable_thinking must be set to false for non-streaming calls",
            }
        },
        {"n": 1},
        {"n": 1, "enable_thinking": False},
    ),
    (
        "bedrock behind openrouter",
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": '{"message":"`temperature` and `top_p` cannot both be specified for '
                    'this model. Please use only one."}'
                },
            }
        },
        {"temperature": 1, "top_p": 1},
        {"temperature": 1},
    ),
    (
        "openai behind openrouter",
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": json.dumps(openai_error("No.", "unsupported_parameter", "seed")),
                },
            }
        },
        {"seed": 1, "n": 1},
        {"n": 1},
    ),
    (
        "claude behind a compatible server",
        openai_error("`temperature` is deprecated for this model."),
        {"temperature": 1, "n": 1},
        {"n": 1},
    ),
]


@pytest.mark.parametrize(
    ("body", "sent", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_a_model_refuses_is_left_out_or_changed(
    body: Any, sent: dict[str, Any], expected: Any
) -> None:
    assert after_refusal(sent, 400, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        openai_error(
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3.",
            "decimal_above_max_value",
            "temperature",
        ),
        openai_error("temperature : number must be at most 2"),
        openai_error("Invalid temperature value, the valid range of temperature is [0, 2]"),
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "less_than_equal",
                        "loc": ["body", "temperature"],
                        "msg": "Input should be less than or equal to 2",
                    }
                ]
            },
        },
    ],
)
def test_a_number_is_moved_into_the_models_range(body: Any) -> None:
    assert after_refusal({"temperature": 3, "n": 1}, 400, body) == {"temperature": 2, "n": 1}


@pytest.mark.parametrize(
    "body",
    [
        openai_error("No.", "decimal_above_max_value", "temperature"),
        openai_error("No.", "integer_below_min_value", "max_output_tokens"),
        openai_error("`temperature` must be > 0.0 and < 1.0"),
    ],
)
def test_a_number_whose_range_is_not_given_may_suit_another_model(body: Any) -> None:
    sent = {"temperature": 3, "max_output_tokens": 5}

    assert after_refusal(sent, 400, body) is None


def test_a_number_inside_a_tool_is_the_requests_fault() -> None:
    body = openai_error(
        "Expected a value <= 100.", "integer_above_max_value", "tools[0].function.n"
    )

    assert type(explain(HttpHead(400, {}), json.dumps(body).encode())) is ProviderRequestError


@pytest.mark.parametrize(
    "message",
    [
        "seed is not supported with this model",
        "'seed' is not supported by this model",
        "This model does not support the parameter 'seed'",
        "This model does not support the 'seed' parameter",
        "parameter seed not supported",
        "The parameter `seed` is unsupported",
        "Unknown field: seed",
        "unknown field `seed`, expected one of",
        "Unrecognized key(s) in object: 'seed'",
        "Additional properties are not allowed ('seed' was unexpected)",
    ],
)
def test_a_known_parameter_is_left_out_however_the_refusal_is_worded(message: str) -> None:
    assert after_refusal({"seed": 1, "n": 1}, 400, openai_error(message)) == {"n": 1}


@pytest.mark.parametrize(
    "message",
    ["Invalid reasoning_effort: max", "reasoning_effort does not support 'max' with this model"],
)
def test_a_refused_effort_keeps_other_efforts(message: str) -> None:
    error = explain(HttpHead(400, {}), json.dumps(openai_error(message)).encode())
    assert isinstance(error, UnsupportedFeatureError)
    sent = HttpRequest("POST", "http://x", {}, b'{"reasoning_effort":"max","n":1}')
    other = HttpRequest("POST", "http://x", {}, b'{"reasoning_effort":"high"}')
    changed = changed_request(sent, error.changes)

    assert changed is not None
    assert json.loads(changed.http.body) == {"n": 1}
    assert changed_request(other, changed.changes) is None


@pytest.mark.parametrize(
    "body",
    [
        openai_error(
            "Unsupported parameter: 'tools' is not supported.", "unsupported_parameter", "tools"
        ),
        openai_error("No.", "unsupported_parameter", "response_format"),
        openai_error(
            "Unsupported parameter: 'stop' is not supported with this model.",
            "unsupported_parameter",
            "stop",
        ),
        openai_error("This model does not support parameters: ['seed', 'stop']"),
        openai_error("Argument not supported on this model: stop"),
        openai_error("Unknown field: stop"),
        openai_error("Unrecognized request argument supplied: stop"),
        openai_error("No.", "unsupported_parameter", "logprobs"),
        openai_error("No.", "unsupported_value", "service_tier"),
        openai_error("Unrecognized request arguments supplied: seed, store"),
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "tools"], "msg": "Extra"}]},
        openai_error("Extra inputs are not permitted, field: 'messages[3].tool_name'"),
    ],
)
def test_what_an_answer_cannot_do_without_is_not_left_out(body: Any) -> None:
    sent = {
        "tools": [1],
        "response_format": {},
        "logprobs": True,
        "seed": 1,
        "stop": ["END"],
        "store": False,
    }

    assert after_refusal(sent, 400, body) is None


def test_another_value_may_be_sent_after_one_was_refused() -> None:
    body = openai_error("No 'none' here.", "unsupported_value", "reasoning_effort")
    error = explain(HttpHead(400, {}), json.dumps(body).encode())
    assert isinstance(error, UnsupportedFeatureError)
    sent = HttpRequest("POST", "http://x", {}, b'{"reasoning_effort":"none"}')
    other = HttpRequest("POST", "http://x", {}, b'{"reasoning_effort":"high"}')
    changed = changed_request(sent, error.changes)

    assert changed is not None
    assert changed_request(sent, changed.changes) is not None
    assert changed_request(other, changed.changes) is None


@pytest.mark.parametrize(
    "message",
    [
        "Missing required parameter: 'messages'.",
        "Field 'temperature': type must be number, but is string",
        "The server had an error",
    ],
)
def test_another_error_refuses_no_parameter(message: str) -> None:
    assert refusal_of(["invalid_request_error"], None, message) is None


@given(st.lists(st.text(max_size=20), max_size=2), st.none() | st.text(), st.text())
def test_any_words_are_read(codes: list[str], param: str | None, message: str) -> None:
    found = refusal_of(codes, param, message)

    assert found is None or all(hasattr(each, "apply") for each in found.changes)
