"""The judgement of failed models, and the report of them."""

from collections.abc import Sequence

import pytest

from llmring import (
    AllModelsFailedError,
    Attempt,
    ContentPolicyError,
    ContextLengthError,
    NoUsableModelError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.gateway.failed_models import (
    MOST_QUOTED,
    Failure,
    judge,
    prompt_sizes,
    report,
    too_long_message,
)

BUSY = ProviderResponseError("503 busy", provider="a", model="m", status=503)
BROKEN = ProviderResponseError("500 oops", provider="b", model="m", status=500)
LIMITED = ProviderRateLimitError("429", provider="c", model="m", status=429, retry_after=7)
LATER = ProviderRateLimitError("429", provider="d", model="m", status=429, retry_after=3)
REFUSED_KEY = ProviderAuthenticationError("401 bad", provider="e", model="m", status=401)
NO_KEY = ProviderAuthenticationError("no key; set X_KEY", provider="f", model="m")
GONE = ProviderModelNotFoundError("404 gone", provider="g", model="m", status=404)
TOO_LONG = ContextLengthError("400 too long", provider="h", model="m", status=400)
POLICY = ContentPolicyError("400 no", provider="i", model="m", status=400)
NO_VISION = UnsupportedFeatureError("the model takes no vision", provider="j", model="m")
TOO_LARGE = ProviderRequestError("413 large", provider="k", model="m", status=413)
NO_ANSWER = ProviderTimeoutError("timed out", provider="l", model="m")
OPEN = ProviderResponseError("skipped: circuit open", provider="n", model="m")
DEAR = ProviderError("the call may cost $2.00", provider="o", model="m")
STRANGER = ProviderNotFoundError("no provider 'p'", provider="p", model="m")


def group(
    *failed: ProviderError, skipped: Sequence[ProviderError] = (), recorded: bool = True
) -> ProviderError:
    """The error of an alias whose models fail or are skipped so."""
    error: ProviderError = (
        AllModelsFailedError.of("all failed", failed)
        if failed
        else NoUsableModelError("none usable", skipped)
    )
    if recorded:
        outcomes = [(each, "failed") for each in failed] + [(each, "skipped") for each in skipped]
        error.attempts = tuple(
            Attempt(
                model=f"{each.provider}:{each.model}",
                outcome="failed" if outcome == "failed" else "skipped",
                reason=each.message,
                status=each.status,
                error=each,
            )
            for each, outcome in outcomes
        )
    return error


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(
    ("failed", "failure", "passes"),
    [
        ([LIMITED, LATER], Failure.RATE_LIMITED, True),
        ([LIMITED, REFUSED_KEY], Failure.RATE_LIMITED, True),
        ([LIMITED, BROKEN], Failure.OVERLOADED, True),
        ([BUSY, GONE], Failure.OVERLOADED, True),
        ([BROKEN, NO_ANSWER], Failure.BROKEN, True),
        ([TOO_LONG, BROKEN], Failure.BROKEN, True),
        ([REFUSED_KEY, GONE], Failure.BROKEN, False),
        ([TOO_LONG, REFUSED_KEY], Failure.TOO_LONG, False),
        ([POLICY, GONE], Failure.REFUSED, False),
        ([NO_VISION, REFUSED_KEY], Failure.BAD_REQUEST, False),
        ([TOO_LARGE, GONE], Failure.TOO_LARGE, False),
    ],
)
def test_failures_are_judged_by_what_a_client_can_do(
    failed: list[ProviderError], failure: Failure, passes: bool, recorded: bool
) -> None:
    for order in (failed, failed[::-1]):
        judgement = judge(group(*order, recorded=recorded))

        assert (judgement.failure, judgement.passes) == (failure, passes)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(
    ("skipped", "failure", "passes"),
    [
        ([NO_KEY, NO_VISION], Failure.BAD_REQUEST, False),
        ([NO_KEY], Failure.BROKEN, False),
        ([NO_KEY, OPEN], Failure.OVERLOADED, True),
        ([DEAR, NO_KEY], Failure.TOO_DEAR, False),
        ([STRANGER], Failure.BROKEN, False),
        ([TOO_LONG, NO_VISION], Failure.TOO_LONG, False),
    ],
)
def test_models_that_were_skipped_are_judged_by_their_reasons(
    skipped: list[ProviderError], failure: Failure, passes: bool, recorded: bool
) -> None:
    judgement = judge(group(skipped=skipped, recorded=recorded))

    assert (judgement.failure, judgement.passes) == (failure, passes)


def test_a_skipped_model_that_a_shorter_prompt_would_fit_counts_more_than_a_refused_key() -> None:
    assert judge(group(REFUSED_KEY, skipped=[TOO_LONG])).failure is Failure.TOO_LONG


def test_a_skipped_model_whose_circuit_is_open_may_answer_later() -> None:
    assert judge(group(GONE, skipped=[OPEN])).failure is Failure.OVERLOADED
    assert judge(group(LIMITED, skipped=[OPEN])).failure is Failure.RATE_LIMITED


def test_only_the_last_failure_of_a_model_counts() -> None:
    first = ProviderResponseError("503 busy", provider="a", model="m", status=503)
    then = ProviderAuthenticationError("401 bad", provider="a", model="m", status=401)

    assert not judge(group(first, then)).passes
    assert judge(group(then, first)).passes


def test_the_wait_is_the_shortest_of_those_that_help() -> None:
    refused = ProviderAuthenticationError("401", provider="z", model="m", status=401, retry_after=1)

    assert judge(group(LIMITED, LATER, refused)).retry_after == 3
    assert judge(group(BROKEN)).retry_after is None


@pytest.mark.parametrize("error", [GONE, STRANGER])
def test_a_model_that_the_client_named_itself_is_unknown(error: ProviderError) -> None:
    assert judge(error).failure is Failure.UNKNOWN_MODEL


@pytest.mark.parametrize("inner", [BUSY, REFUSED_KEY])
def test_a_group_within_a_group_counts_by_its_members(inner: ProviderError) -> None:
    nested = AllModelsFailedError("outer", [AllModelsFailedError.of("inner", [inner])])

    assert judge(nested) == judge(group(inner))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", (210_000, 200_000)),
        ("maximum context length is 8192 tokens, got 9,000", (9_000, 8_192)),
        ("The input token count (1500000) exceeds the maximum (1048576).", (1_500_000, 1_048_576)),
        ("the model takes no prompt of more than 128,000 tokens", (None, 128_000)),
        ("gpt-4-0613 takes 8192", (None, 8_192)),
        ("limit 8192, 9000 in all, 8000 of them in the messages", (None, None)),
        ("400 too long", (None, None)),
        (f"{'9' * 5000} tokens", (None, None)),
    ],
)
def test_g095_the_sizes_are_taken_from_what_a_provider_says(
    text: str, sizes: tuple[int | None, int | None]
) -> None:
    assert prompt_sizes(ContextLengthError(text, provider="a", model="m")) == sizes


def test_g095_the_model_with_the_largest_context_counts() -> None:
    small = ContextLengthError("9000 > 8192", provider="a", model="m")
    large = ContextLengthError("210000 > 200000", provider="b", model="m")
    unknown = ContextLengthError("more than 900000", provider="c", model="m")

    assert prompt_sizes(group(large, small, unknown)) == (210_000, 200_000)
    assert prompt_sizes(group(small, unknown)) == (9_000, 8_192)


def test_g095_the_words_are_those_of_the_client_s_api() -> None:
    error = ContextLengthError("210000 > 200000", provider="a", model="m")

    claude = too_long_message(error, "messages")
    assert claude == "prompt is too long: 210000 tokens > 200000 maximum"
    assert "maximum context length is 200000 tokens" in too_long_message(error, "chat")
    assert "(210000) exceeds" in too_long_message(error, "gemini")


def test_g103_each_model_is_reported_with_outcome_and_status_in_one_line() -> None:
    text = report(group(BUSY, BUSY, NO_ANSWER, skipped=[NO_VISION, OPEN]), quote=False)

    assert text == ("a:m failed (503) (2 times); l:m failed (timed out); j:m skipped; n:m skipped")


def test_g100_a_refused_key_is_the_gateway_s_own() -> None:
    text = report(group(REFUSED_KEY, skipped=[NO_KEY]), quote=False)

    assert text == (
        "e:m failed (the gateway's key for e was refused); "
        "f:m skipped (the gateway has no key for f)"
    )


def test_g103_a_provider_s_text_is_quoted_only_on_request_and_in_part() -> None:
    long = ProviderConnectionError("line\r\n" * 900, provider="a", model="m")
    text = report(group(long), quote=True)

    assert "line" not in report(group(long), quote=False)
    assert text.startswith("a:m failed (no connection): line line ")
    assert "\n" not in text
    assert len(text) <= MOST_QUOTED + len("a:m failed (no connection): ")


def test_what_a_model_lacks_is_reported() -> None:
    error = UnsupportedFeatureError("the model takes no vision", provider="a", model="m")
    error.lacking = {"vision": "no vision"}

    assert report(group(skipped=[error]), quote=False) == "a:m skipped (no vision)"
