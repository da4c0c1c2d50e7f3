"""The judgement of failed models, and the report of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmring import (
    AllModelsFailedError,
    Attempt,
    ContentPolicyError,
    ContextLengthError,
    LLMRing,
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
    Judgement,
    judge,
    report,
)
from loopback import Answer, Reset, as_json
from vendors import APIS, FALLBACK, Pair, Serve, either_form

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
OPEN = ProviderResponseError("circuit open", provider="n", model="m")
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


# --- What rings raise ---


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    pair = Pair(serve, tmp_path / "llmring.lock", monkeypatch)
    pair.lock(FIRST.model, FALLBACK.model)
    return pair


FIRST = APIS["anthropic"]


def error_of(*, stream: bool) -> ProviderError:
    async def call() -> None:
        async with LLMRing() as ring:
            if not stream:
                await ring.chat("t", "Hello")
                return
            async for _ in ring.chat_stream("t", "Hello"):
                pass

    with pytest.raises(ProviderError) as caught:
        asyncio.run(call())
    return caught.value


@either_form
def test_g098_models_that_are_limited_pass_with_the_shortest_wait(pair: Pair, stream: bool) -> None:
    pair.start(FIRST, as_json({}, 429, retry_after="9"))
    pair.start(FALLBACK, as_json({}, 429, retry_after="4"))
    error = error_of(stream=stream)

    judgement = judge(error)
    assert judgement == Judgement(failure=Failure.RATE_LIMITED, passes=True, retry_after=4)
    assert report(error, quote=False) == "anthropic:any failed (429); groq:any failed (429)"


@either_form
def test_g100_a_refused_key_and_a_missing_one_do_not_pass(pair: Pair, stream: bool) -> None:
    pair.start(FIRST, as_json({"error": {"message": "bad key sk-0123456789abcdef"}}, 401))
    error = error_of(stream=stream)

    assert judge(error) == Judgement(failure=Failure.BROKEN)
    assert report(error, quote=True).startswith(
        "anthropic:any failed (the gateway's key for anthropic was refused): bad key ***; "
        "groq:any skipped (the gateway has no key for groq)"
    )


@either_form
def test_g095_a_prompt_that_both_models_reject_is_too_long(pair: Pair, stream: bool) -> None:
    long = {"type": "invalid_request_error", "message": "prompt is too long: 9000 tokens > 8192"}
    pair.start(FIRST, as_json({"type": "error", "error": long}, 400))
    fault = {"code": "context_length_exceeded", "message": "9100 tokens, but at most 8192"}
    pair.start(FALLBACK, as_json({"error": fault}, 400))

    assert judge(error_of(stream=stream)) == Judgement(failure=Failure.TOO_LONG)


@either_form
def test_g099_servers_without_capacity_and_out_of_reach_pass(pair: Pair, stream: bool) -> None:
    pair.start(FIRST, as_json({}, 529))
    pair.start(FALLBACK, Answer([Reset()]))
    error = error_of(stream=stream)

    assert judge(error) == Judgement(failure=Failure.OVERLOADED, passes=True)
    assert report(error, quote=False) == (
        "anthropic:any failed (529); groq:any failed (no connection)"
    )
