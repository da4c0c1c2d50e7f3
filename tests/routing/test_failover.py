"""Failover over an alias's models, with a clock that the test sets."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import (
    AllModelsFailedError,
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts
from llmring.routing.call_context import CallContext
from llmring.routing.circuits import OpenCircuit
from llmring.routing.failover import Failover
from llmring.routing.failure_policy import Verdict, verdict
from llmring.routing.policy import Policy
from llmring.routing.selection.prepare import chat
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Skip, Target

DAY = date(2026, 11, 23)


def target(ref: str, window: int | None = None) -> Target:
    parsed = ModelRef.parse(ref)
    row = PROVIDERS[parsed.provider]
    facts = ModelFacts(
        provider=parsed.provider,
        name=parsed.model,
        context_window=window,
        capabilities=frozenset({"temperature", "tools"}),
    )
    return Target(parsed, Endpoint(row, row.base_url, "a-key"), row.dialect, facts)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def failover(
    *candidates: Target | Skip,
    timeout: float | None = 60,
    clock: Callable[[], float] = lambda: 100.0,
    context: CallContext | None = None,
) -> Failover:
    return Failover(
        chat(parse_request(LLMRequest("fast", "Hi")), stream=False),
        candidates,
        alias="fast",
        timeout=timeout,
        clock=clock,
        day=DAY,
        context=context or CallContext(policy=Policy(retries=0)),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ProviderAuthenticationError, Verdict.NEXT),
        (ProviderRateLimitError, Verdict.NEXT),
        (ProviderTimeoutError, Verdict.NEXT),
        (ProviderConnectionError, Verdict.NEXT),
        (ProviderResponseError, Verdict.NEXT),
        (ProviderModelNotFoundError, Verdict.NEXT),
        (ContextLengthError, Verdict.NEXT_IF_CAPABLE),
        (UnsupportedFeatureError, Verdict.NEXT_IF_CAPABLE),
        (ContentPolicyError, Verdict.NEXT_IF_CAPABLE),
        (ProviderRequestError, Verdict.STOP),
    ],
)
def test_each_failure_has_its_verdict(kind: type[ProviderError], expected: Verdict) -> None:
    assert verdict(kind("no")) is expected


def tried(models: Failover, *errors: ProviderError) -> list[str]:
    """Return the models that are tried when the first ones fail with these errors."""
    seen = []
    failures = iter(errors)
    for attempt in models:
        seen.append(str(attempt.target.ref))
        error = next(failures, None)
        if error is None:
            break
        attempt.fail(error)
    return seen


def test_a_request_too_long_for_a_model_is_not_sent_to_one_that_holds_no_more() -> None:
    models = failover(
        target("openai:small", 8000),
        target("openai:as-small", 8000),
        target("google:large", 1_000_000),
    )

    assert tried(models, ContextLengthError("too long")) == ["openai:small", "google:large"]
    assert "8000 tokens is no larger" in (models.attempts[1].reason or "")


def test_a_request_too_long_for_a_model_may_fit_one_of_unknown_size() -> None:
    models = failover(target("openai:small", 8000), target("ollama:unknown"))

    assert tried(models, ContextLengthError("too long")) == ["openai:small", "ollama:unknown"]


def test_a_request_refused_by_a_provider_s_policy_goes_to_another_provider() -> None:
    models = failover(target("openai:a"), target("openai:b"), target("google:c"))

    assert tried(models, ContentPolicyError("no")) == ["openai:a", "google:c"]


@pytest.mark.parametrize(
    ("timeout", "later", "seconds"),
    [(60, 0, 60), (60, 1, 50), (60, 2, 40), (60, 5, 30), (1, 1, 0.5), (10, 1, 5)],
)
def test_an_attempt_leaves_time_for_those_after_it(
    timeout: float, later: int, seconds: float
) -> None:
    clock = Clock()
    models = failover(
        *[target(f"openai:{n}") for n in range(later + 1)], timeout=timeout, clock=clock
    )

    first = next(iter(models))

    assert first.deadline == clock.now + seconds


def test_without_a_timeout_an_attempt_may_take_for_ever() -> None:
    assert next(iter(failover(target("openai:a"), timeout=None))).deadline is None


def test_when_the_time_is_used_up_nothing_more_is_sent() -> None:
    clock = Clock()
    models = failover(target("openai:a"), target("openai:b"), timeout=10, clock=clock)
    for attempt in models:
        clock.now += 11
        attempt.fail(ProviderTimeoutError("no answer"))

    assert [attempt.outcome for attempt in models.attempts] == ["failed", "skipped"]
    assert "time is used up" in (models.attempts[1].reason or "")


def test_with_on_stream_failure_raise_a_failure_after_shown_text_is_raised() -> None:
    context = CallContext(progress=StreamProgress(on_failure="raise"))
    models = failover(target("openai:a"), target("openai:b"), context=context)
    attempt = next(iter(models))
    attempt.committed = True

    with pytest.raises(ProviderConnectionError) as caught:
        attempt.fail(ProviderConnectionError("cut"))

    assert [attempt.model for attempt in caught.value.attempts] == ["openai:a"]


def usual(**policy: Any) -> CallContext:
    return CallContext(policy=Policy(**policy), chance=lambda: 0.5)


def rounds(models: Failover, failure: Callable[[], ProviderError]) -> list[tuple[str, float]]:
    """Return each attempt with the wait before it, when all fail alike."""
    tries = []
    for attempt in models:
        tries.append((attempt.target.ref.model, attempt.pause))
        attempt.fail(failure())
    return tries


def test_all_models_are_tried_before_any_is_tried_again_and_only_then_is_there_a_wait() -> None:
    models = failover(target("openai:a"), target("openai:b"), context=usual())

    tries = rounds(models, lambda: ProviderResponseError("busy", status=503))

    assert tries == [("a", 0), ("b", 0), ("a", 0.25), ("b", 0), ("a", 0.5), ("b", 0)]


def test_a_model_is_not_retried_after_a_permanent_failure() -> None:
    models = failover(target("openai:a"), context=usual())

    assert len(rounds(models, lambda: ProviderAuthenticationError("no", status=401))) == 1


def test_with_retries_a_model_is_asked_again_before_the_next_one_is() -> None:
    models = failover(target("openai:a"), target("openai:b"), context=usual(retries=1))

    tries = rounds(models, lambda: ProviderConnectionError("cut"))

    assert tries == [("a", 0), ("a", 0.25), ("b", 0), ("b", 0.25)]


def test_a_short_wait_that_the_provider_asks_for_is_kept() -> None:
    models = failover(target("openai:a"), context=usual(retries=1))

    tries = rounds(models, lambda: ProviderRateLimitError("slow", status=429, retry_after=2))

    assert tries == [("a", 0), ("a", 2.1)]


@pytest.mark.parametrize("seconds", [11, 3600])
def test_a_long_wait_that_the_provider_asks_for_is_not_worth_it(seconds: float) -> None:
    models = failover(target("openai:a"), context=usual())

    tries = rounds(models, lambda: ProviderRateLimitError("slow", status=429, retry_after=seconds))

    assert tries == [("a", 0)]


def test_no_wait_goes_past_the_deadline() -> None:
    models = failover(target("openai:a"), timeout=0.2, context=usual())

    assert rounds(models, lambda: ProviderConnectionError("cut")) == [("a", 0)]


def test_g027_the_pauses_of_a_call_are_bounded_together() -> None:
    context = msgspec.structs.replace(usual(retries=9), most_pauses=3)
    models = failover(target("openai:a"), target("openai:b"), context=context)

    tries = rounds(models, lambda: ProviderConnectionError("cut"))

    assert tries == [("a", 0), ("a", 0.25), ("a", 0.5), ("a", 1), ("b", 0), ("b", 0.25), ("b", 0.5)]
    assert models.exhausted().retry_after == 1


def test_g027_the_provider_s_own_wait_comes_before_that_of_the_call() -> None:
    context = msgspec.structs.replace(usual(), most_pauses=6)
    models = failover(target("openai:a"), context=context)

    tries = rounds(models, lambda: ProviderRateLimitError("slow", status=429, retry_after=4))

    assert tries == [("a", 0), ("a", 4.2)]
    assert models.exhausted().retry_after == 4


def test_a_request_that_may_have_acted_is_not_sent_again_nor_to_another_model() -> None:
    models = failover(target("openai:a"), target("openai:b"), context=CallContext(effects=True))
    attempt = next(iter(models))

    with pytest.raises(ProviderTimeoutError):
        attempt.fail(ProviderTimeoutError("no answer"))


@pytest.mark.parametrize(
    "error",
    [
        ProviderRateLimitError("slow", status=429),
        ProviderResponseError("overloaded", status=529),
        ProviderAuthenticationError("no", status=401),
    ],
)
def test_a_request_that_can_not_have_acted_moves_on(error: ProviderError) -> None:
    models = failover(target("openai:a"), target("openai:b"), context=CallContext(effects=True))

    assert tried(models, error) == ["openai:a", "openai:b"]


def test_a_model_with_an_open_circuit_is_skipped() -> None:
    models = failover(target("openai:a"), target("openai:b"))
    models.blocked = {"openai:a": OpenCircuit(9, "500 down")}

    assert tried(models) == ["openai:b"]
    assert models.attempts[0].reason == ("circuit open for another 9 s (500 down)")


def test_if_all_circuits_are_open_the_first_to_close_is_tried() -> None:
    models = failover(target("openai:a"), target("openai:b"))
    models.blocked = {"openai:a": OpenCircuit(9, "down"), "openai:b": OpenCircuit(5, "down")}

    assert tried(models) == ["openai:b"]


def test_all_models_failed_is_an_exception_group() -> None:
    models = failover(target("openai:a"), target("google:b"))
    first, second = ProviderRateLimitError("slow down"), ProviderTimeoutError("late")
    assert tried(models, first, second) == ["openai:a", "google:b"]

    error = models.exhausted()

    assert isinstance(error, AllModelsFailedError)
    assert error.exceptions == (first, second)
    limits, _ = error.split(ProviderRateLimitError)
    assert limits is not None
    assert limits.exceptions == (first,)
    assert isinstance(error, ProviderTimeoutError)


def test_an_attempt_reports_its_milliseconds() -> None:
    clock = Clock()
    models = failover(target("openai:a"), clock=clock)
    attempt = next(iter(models))
    clock.now += 0.25

    assert [attempt.ms for attempt in attempt.succeed(200)] == [250]
