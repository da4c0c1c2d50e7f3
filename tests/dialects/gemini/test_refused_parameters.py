"""Refusals of parameters, as Google words them."""

import json
from typing import Any

import pytest

from llmring.dialects.gemini.errors import GeminiError, explain, failure
from llmring.dialects.gemini.refused_parameters import changes_for
from llmring.dialects.request_changes import changed_request
from llmring.exceptions import ProviderAuthenticationError, UnsupportedFeatureError
from llmring.wire import HttpHead, HttpRequest


def sent_again(message: str, config: dict[str, Any]) -> Any:
    """Return the generation settings that are sent once more; None if none are."""
    body = {"contents": [], "generationConfig": config}
    http = HttpRequest("POST", "http://x", {}, json.dumps(body).encode())
    changed = changed_request(http, changes_for(message))
    return None if changed is None else json.loads(changed.http.body).get("generationConfig", {})


def thinking(**fields: Any) -> dict[str, Any]:
    return {"thinkingConfig": fields}


@pytest.mark.parametrize(
    ("message", "config", "expected"),
    [
        (
            "The thinking budget 32000 is invalid. Please choose a value between 128 and 24576.",
            thinking(thinkingBudget=32000, includeThoughts=True),
            thinking(thinkingBudget=24576, includeThoughts=True),
        ),
        (
            "The thinking budget 0 is invalid. Please choose a value between 128 and 32768.",
            thinking(thinkingBudget=0),
            thinking(thinkingBudget=128),
        ),
        ("The thinking budget (52428) is invalid.", thinking(thinkingBudget=52428), {}),
        (
            "Budget 0 is invalid. This model only works in thinking mode.",
            thinking(thinkingBudget=0),
            {},
        ),
        (
            "Unable to submit request because The model does not support setting thinking_budget "
            "to 0",
            thinking(thinkingBudget=0),
            {},
        ),
        (
            "Thinking level is not supported for this model.",
            thinking(thinkingLevel="LOW", includeThoughts=True),
            thinking(includeThoughts=True),
        ),
        (
            "Thinking level MINIMAL is not supported for this model.",
            thinking(thinkingLevel="MINIMAL"),
            {},
        ),
        (
            "You can only set only one of thinking budget and thinking level.",
            thinking(thinkingLevel="LOW", thinkingBudget=1),
            thinking(thinkingLevel="LOW"),
        ),
        (
            "Penalty is not enabled for this model",
            {"presencePenalty": 1, "frequencyPenalty": 1, "seed": 1},
            {"seed": 1},
        ),
        (
            "Unable to submit request because it has a topK value of 64 but the supported range is "
            "from 1 (inclusive) to 41 (exclusive). Update the value and try again.",
            {"topK": 64},
            {"topK": 40},
        ),
        (
            "Unable to submit request because it has a temperature value of 3 but the supported "
            "range is from 0 (inclusive) to 2.0001 (exclusive).",
            {"temperature": 3},
            {"temperature": 2},
        ),
        (
            "* GenerateContentRequest.generation_config.top_p: top_p must be in the range [0, 1].",
            {"topP": 1.5},
            {"topP": 1},
        ),
        (
            'Invalid JSON payload received. Unknown name "thinkingLevel" at '
            "'generation_config.thinking_config': Cannot find field.",
            thinking(thinkingLevel="LOW"),
            {},
        ),
        (
            "Unable to submit request because it has a maxOutputTokens value of 99999 but the "
            "supported range is from 1 (inclusive) to 8193 (exclusive).",
            {"maxOutputTokens": 99999},
            None,
        ),
        ("Multiple candidates is not enabled for this model", {"candidateCount": 2}, None),
        ("Logprobs is not enabled for this model", {"logprobs": 2}, None),
        (
            'Invalid JSON payload received. Unknown name "stopSequences" at '
            "'generation_config': Cannot find field.",
            {"stopSequences": ["END"]},
            None,
        ),
    ],
)
def test_what_a_model_refuses_is_left_out_or_changed(
    message: str, config: dict[str, Any], expected: Any
) -> None:
    assert sent_again(message, config) == expected


def read(message: str) -> Exception:
    body = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
    return explain(HttpHead(400, {}), json.dumps(body).encode())


@pytest.mark.parametrize(
    "message",
    [
        "Please ensure that function call turn comes immediately after a user turn.",
        "Please ensure that multiturn requests alternate between user and model.",
        "Invalid JSON payload received. Unknown name \"const\" at 'tools[0].function_declarations'",
    ],
)
def test_a_history_or_a_form_that_is_refused_may_suit_another_model(message: str) -> None:
    error = read(message)

    assert type(error) is UnsupportedFeatureError
    assert error.changes == ()


@pytest.mark.parametrize(
    "message",
    [
        "User location is not supported for the API use.",
        "Consumer 'projects/1' has been suspended.",
    ],
)
def test_a_problem_of_the_account_is_not_the_requests(message: str) -> None:
    assert type(read(message)) is ProviderAuthenticationError


def test_a_refusal_inside_a_stream_names_its_changes_too() -> None:
    value = GeminiError(400, "Penalty is not enabled for this model", "INVALID_ARGUMENT")
    error = failure(HttpHead(200, {}), value)

    assert isinstance(error, UnsupportedFeatureError)
    assert len(error.changes) == 2
