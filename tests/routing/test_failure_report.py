"""The message of a call that no model answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.response import Attempt
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.routing.failure_report import MOST_OF_A_PROVIDER, failure_report, next_step


def lacks(model: str, **lacking: str) -> Attempt:
    error = UnsupportedFeatureError("the model lacks something")
    error.lacking = lacking
    return Attempt(model=model, outcome="skipped", reason=error.message, error=error)


def keyless(model: str, key: str = "A_KEY") -> Attempt:
    error = ProviderAuthenticationError(f"no key; set {key}")
    error.fix = f"set {key}"
    return Attempt(model=model, outcome="skipped", reason=error.message, error=error)


def failed(model: str, error: ProviderError) -> Attempt:
    return Attempt(model=model, outcome="failed", reason=error.message, error=error)


DOWN = ProviderResponseError("500 server_error down")


def test_each_model_has_a_line_with_its_outcome_and_reason_and_the_fix_is_last() -> None:
    attempts = [failed("openai:a", DOWN), keyless("anthropic:bb")]

    assert failure_report("fast", attempts, None).splitlines() == [
        "all models of alias 'fast' failed:",
        "  openai:a      failed   500 server_error down",
        "  anthropic:bb  skipped  no key; set A_KEY",
        "fix: set A_KEY",
    ]


def test_attempts_with_equal_outcomes_share_a_line() -> None:
    attempts = [*[failed("x:a", DOWN), failed("y:b", DOWN)] * 3, keyless("z:c")]

    assert failure_report("fast", attempts, None).splitlines()[1:3] == [
        "  x:a, y:b  failed 3 times  500 server_error down",
        "  z:c       skipped         no key; set A_KEY",
    ]


def test_models_that_were_tried_a_different_number_of_times_have_lines_of_their_own() -> None:
    attempts = [*[failed("x:a", DOWN)] * 3, failed("y:b", DOWN)]

    assert failure_report("fast", attempts, None).splitlines()[1:3] == [
        "  x:a  failed 3 times  500 server_error down",
        "  y:b  failed          500 server_error down",
    ]


def test_only_some_of_many_models_with_equal_outcomes_are_named() -> None:
    attempts = [keyless(f"x:{number}") for number in range(9)]

    assert failure_report("fast", attempts, None) == (
        "no model of alias 'fast' can be used: x:0, x:1, x:2 and 6 more: no key; set A_KEY"
    )


def test_what_models_lack_is_a_table_of_models_and_capabilities() -> None:
    attempts = [
        lacks("openai:a", vision="no vision"),
        lacks("anthropic:bb", tools="no tools"),
        lacks("x:c", vision="no vision", tools="no tools"),
        keyless("y:d"),
    ]

    assert failure_report("fast", attempts, None).splitlines() == [
        "no model of alias 'fast' can be used:",
        "  openai:a      no vision",
        "  anthropic:bb             no tools",
        "  x:c           no vision  no tools",
        "  y:d                                no key; set A_KEY",
        "fix: set A_KEY",
    ]


@pytest.mark.parametrize(
    ("attempts", "message"),
    [
        (
            [failed("x:a", DOWN)] * 2,
            "the only model of alias 'solo' failed 2 times: x:a: 500 server_error down; "
            "retry after 7 s",
        ),
        ([keyless("x:a")], "the only model of alias 'solo' can't be used: x:a: no key; set A_KEY"),
    ],
)
def test_the_failure_of_the_only_model_takes_one_line(
    attempts: list[Attempt], message: str
) -> None:
    wait = 7.0 if attempts[0].outcome == "failed" else None

    assert failure_report("solo", attempts, wait) == message


def test_what_the_only_model_lacks_takes_one_line() -> None:
    message = failure_report("solo", [lacks("x:a", vision="no vision", tools="no tools")], None)

    assert message == (
        "the only model of alias 'solo' can't be used: x:a: no vision, no tools; "
        "bind a model that has it: llmring list --supports vision,tools"
    )


@given(st.lists(st.text(max_size=400), min_size=2, max_size=30))
def test_the_message_fits_a_screen_whatever_the_providers_send(texts: list[str]) -> None:
    attempts = [
        failed(f"x:model-{number}", ProviderResponseError(text, provider_message=text))
        for number, text in enumerate(texts)
    ]

    lines = failure_report("fast", attempts, None).split("\n")

    assert len(lines) <= 14
    assert all(line.isprintable() and len(line) <= MOST_OF_A_PROVIDER + 100 for line in lines)


@pytest.mark.parametrize(
    ("errors", "step"),
    [
        ([ProviderAuthenticationError("401", provider="acme")], "check the key and the account of"),
        ([DOWN, ProviderModelNotFoundError("404 retired")], "bind another model: llmring bind"),
        ([ContextLengthError("400 too long")], "shorten the messages, or bind another model"),
        ([ContentPolicyError("400 no")], "change the request, or bind another model"),
        ([ProviderTimeoutError("late")], "allow more time, or bind another model"),
        ([ProviderConnectionError("refused")], "check the network and the address, or bind"),
        ([DOWN], "retry later, or bind another model: llmring bind fast PROVIDER:MODEL"),
    ],
)
def test_the_fix_is_that_of_the_failure(errors: list[ProviderError], step: str) -> None:
    attempts = [failed("x:a", error) for error in errors]

    assert next_step("fast", attempts, None).startswith(step)


def test_where_any_of_several_keys_would_help_the_fix_names_one_and_the_others() -> None:
    attempts = [keyless("x:a"), keyless("y:b", "B_KEY")]

    assert next_step("fast", attempts, None) == "set A_KEY, or one of the other keys"
    assert next_step("fast", [*attempts, failed("z:c", DOWN)], None) == "set A_KEY"


def test_a_wait_that_a_provider_asks_for_comes_before_a_missing_key() -> None:
    attempts = [failed("x:a", ProviderRateLimitError("429", retry_after=0.2)), keyless("y:b")]

    assert next_step("fast", attempts, 0.2) == "retry after 1 s"
    assert next_step("fast", attempts, None) == "set A_KEY"
