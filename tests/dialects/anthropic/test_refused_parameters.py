"""Refusals of parameters, as Anthropic words them."""

import json
from typing import Any

import pytest

from llmring.dialects.anthropic.errors import ErrorObject, explain, failure
from llmring.dialects.anthropic.refused_parameters import changes_for
from llmring.dialects.request_changes import changed_request
from llmring.exceptions import ProviderAuthenticationError, UnsupportedFeatureError
from llmring.wire import HttpHead, HttpRequest


def sent_again(message: str, sent: dict[str, Any], beta: str = "") -> Any:
    """Return the body and the header for betas that are sent once more; None if none are."""
    headers = {"anthropic-beta": beta} if beta else {}
    http = HttpRequest("POST", "http://x", headers, json.dumps(sent).encode())
    changed = changed_request(http, changes_for(message))
    if changed is None:
        return None
    return json.loads(changed.http.body), changed.http.headers.get("anthropic-beta")


THINKS = {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("message", "sent", "expected"),
    [
        (
            "`temperature` is deprecated for this model.",
            {"temperature": 1, "top_p": 1},
            {"top_p": 1},
        ),
        (
            "`temperature` and `top_p` cannot both be specified for this model. Please use only "
            "one.",
            {"temperature": 1, "top_p": 1},
            {"temperature": 1},
        ),
        (
            "`temperature` may only be set to 1 when thinking is enabled.",
            {"temperature": 0, "thinking": THINKS},
            {"thinking": THINKS},
        ),
        (
            "This model does not support effort level 'xhigh'. Supported levels: high, low, max, "
            "medium.",
            {"output_config": {"effort": "xhigh"}},
            {"output_config": {"effort": "high"}},
        ),
        (
            "context_management: Extra inputs are not permitted",
            {"context_management": {"edits": []}, "max_tokens": 1},
            {"max_tokens": 1},
        ),
        (
            "tools.0.custom.input_examples: Extra inputs are not permitted",
            {"tools": [{"name": "a", "input_examples": []}, {"name": "b", "input_examples": []}]},
            {"tools": [{"name": "a"}, {"name": "b"}]},
        ),
        (
            "tools.3.eager_input_streaming: Extra inputs are not permitted",
            {"tools": [{"name": "a", "eager_input_streaming": True}]},
            {"tools": [{"name": "a"}]},
        ),
        (
            "This model does not support the effort parameter.",
            {"output_config": {"effort": "low"}, "max_tokens": 1},
            {"max_tokens": 1},
        ),
        (
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
            'and "output_config.effort" to control thinking behavior.',
            {"thinking": THINKS},
            {"thinking": {"type": "adaptive"}},
        ),
        (
            "adaptive thinking is not supported on this model",
            {"thinking": {"type": "adaptive"}, "max_tokens": 1},
            {"max_tokens": 1},
        ),
        (
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 4096",
            {"thinking": THINKS},
            {"thinking": {"type": "enabled", "budget_tokens": 4096}},
        ),
        (
            "temperature: Input should be less than or equal to 1",
            {"temperature": 1.5},
            {"temperature": 1},
        ),
        ("temperature: range: 0..1", {"temperature": 1.5}, {"temperature": 1}),
        ("top_k: Extra inputs are not permitted", {"top_k": 1, "max_tokens": 1}, {"max_tokens": 1}),
        ("prompt is too long: 3333404 tokens > 200000 maximum", {"max_tokens": 1}, None),
        ("messages.1.content.0.tool_use.text: Extra inputs are not permitted", {"top_k": 1}, None),
    ],
)
def test_what_a_model_refuses_is_left_out_or_changed(
    message: str, sent: dict[str, Any], expected: Any
) -> None:
    again = sent_again(message, sent)

    assert (again if again is None else again[0]) == expected


@pytest.mark.parametrize(
    ("beta", "left"), [("a-2025-01-01,b-2025-02-02", "b-2025-02-02"), ("a-2025-01-01", None)]
)
def test_an_unknown_beta_is_left_out(beta: str, left: str | None) -> None:
    message = (
        "Unexpected value(s) `a-2025-01-01` for the `anthropic-beta` header. Please consult our "
        "documentation or try again without the header."
    )

    assert sent_again(message, {}, beta) == ({}, left)


def test_g051_a_beta_is_left_out_in_the_words_of_the_documentation() -> None:
    message = "Unsupported beta header: a-2025-01-01"

    assert sent_again(message, {}, "a-2025-01-01,b-2025-02-02") == ({}, "b-2025-02-02")


@pytest.mark.parametrize("name", ["future_field", "cache_diagnostics"])
def test_g051_a_field_that_a_server_does_not_know_is_left_out(name: str) -> None:
    again = sent_again(f"{name}: Extra inputs are not permitted", {name: 1, "model": "m"})

    assert again == ({"model": "m"}, None)


@pytest.mark.parametrize(
    "name", ["service_tier", "container", "messages", "tools", "output_config"]
)
def test_g051_a_field_that_the_answer_needs_stays(name: str) -> None:
    assert sent_again(f"{name}: Extra inputs are not permitted", {name: 1}) is None
    assert sent_again(f"messages.0.{name}: Extra inputs are not permitted", {name: 1}) is None


def listing(*places: object, kind: str = "extra_forbidden") -> bytes:
    return json.dumps(
        {"detail": [{"type": kind, "loc": loc, "msg": "No"} for loc in places]}
    ).encode()


def test_g051_the_fields_that_a_compatible_server_lists_are_left_out() -> None:
    error = explain(HttpHead(422, {}), listing(["body", "a"], ["body", "b"]))

    assert isinstance(error, UnsupportedFeatureError)
    http = HttpRequest("POST", "http://x", {}, b'{"a": 1, "b": 2, "model": "m"}')
    changed = changed_request(http, error.changes)
    assert changed is not None
    assert json.loads(changed.http.body) == {"model": "m"}


@pytest.mark.parametrize(
    "body",
    [
        listing(["body", "messages"]),
        listing(["body", "a", "b"]),
        listing(["query", "a"]),
        listing("body"),
        listing(["body", "a"], kind="missing"),
        b'{"detail": "not found"}',
        b'{"detail": [1]}',
    ],
)
def test_g051_other_faults_that_a_server_lists_are_no_unknown_fields(body: bytes) -> None:
    assert not getattr(explain(HttpHead(422, {}), body), "changes", ())


HISTORY = [
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. When "
    "`thinking` is enabled, a final `assistant` message must start with a thinking block.",
    "messages.5.content.0: If an assistant message contains any thinking blocks, the first block "
    "must be thinking or redacted_thinking. Found text.",
    "messages.1.content.1.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
    "This model does not support assistant message prefill. The conversation must end with a user "
    "message.",
    "The `content[].thinking` in the thinking mode must be passed back to the API.",
]


@pytest.mark.parametrize("message", HISTORY)
def test_a_history_whose_form_is_refused_may_suit_another_model(message: str) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    error = explain(HttpHead(400, {}), json.dumps(body).encode())

    assert type(error) is UnsupportedFeatureError
    assert error.changes == ()


@pytest.mark.parametrize(
    "message",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "This organization has been disabled.",
        "Your account is suspended.",
    ],
)
def test_a_problem_of_the_account_is_not_the_requests(message: str) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}

    assert (
        type(explain(HttpHead(400, {}), json.dumps(body).encode())) is ProviderAuthenticationError
    )


def test_a_refusal_inside_a_stream_names_its_changes_too() -> None:
    value = ErrorObject("invalid_request_error", "`temperature` is deprecated for this model.")
    error = failure(HttpHead(200, {}), value, None)

    assert isinstance(error, UnsupportedFeatureError)
    assert len(error.changes) == 1
