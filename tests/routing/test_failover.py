"""The walk over an alias's models, with a clock of our own."""

from collections.abc import Callable
from datetime import date

import pytest

from llmring import LLMRequest
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
from llmring.providers import PROVIDERS
from llmring.registry.catalog import ModelFacts
from llmring.routing.failover import Verdict, Walk, chat, verdict
from llmring.routing.targets import Endpoint, Skip, Target

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


def walk(
    *candidates: Target | Skip,
    timeout: float | None = 60,
    clock: Callable[[], float] = lambda: 100.0,
) -> Walk:
    return Walk(
        chat(LLMRequest("fast", "Hi"), stream=False),
        candidates,
        alias="fast",
        timeout=timeout,
        clock=clock,
        day=DAY,
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


def tried(models: Walk, *errors: ProviderError) -> list[str]:
    """The models that are tried when the first ones fail with these errors."""
    seen = []
    failures = iter(errors)
    for trial in models:
        seen.append(str(trial.target.ref))
        error = next(failures, None)
        if error is None:
            break
        trial.failed(error)
    return seen


def test_a_request_too_long_for_a_model_is_not_sent_to_one_that_holds_no_more() -> None:
    models = walk(
        target("openai:small", 8000),
        target("openai:as-small", 8000),
        target("google:large", 1_000_000),
    )

    assert tried(models, ContextLengthError("too long")) == ["openai:small", "google:large"]
    assert "8000 tokens is no larger" in (models.attempts[1].reason or "")


def test_a_request_too_long_for_a_model_may_fit_one_of_unknown_size() -> None:
    models = walk(target("openai:small", 8000), target("ollama:unknown"))

    assert tried(models, ContextLengthError("too long")) == ["openai:small", "ollama:unknown"]


def test_what_a_provider_s_policy_refuses_is_asked_of_another_provider() -> None:
    models = walk(target("openai:a"), target("openai:b"), target("google:c"))

    assert tried(models, ContentPolicyError("no")) == ["openai:a", "google:c"]


@pytest.mark.parametrize(
    ("timeout", "later", "seconds"),
    [(60, 0, 60), (60, 1, 50), (60, 2, 40), (60, 5, 30), (1, 1, 0.5), (10, 1, 5)],
)
def test_an_attempt_leaves_time_for_those_after_it(
    timeout: float, later: int, seconds: float
) -> None:
    clock = Clock()
    models = walk(*[target(f"openai:{n}") for n in range(later + 1)], timeout=timeout, clock=clock)

    first = next(iter(models))

    assert first.deadline == clock.now + seconds


def test_without_a_timeout_an_attempt_may_take_for_ever() -> None:
    assert next(iter(walk(target("openai:a"), timeout=None))).deadline is None


def test_when_the_time_is_used_up_nothing_more_is_sent() -> None:
    clock = Clock()
    models = walk(target("openai:a"), target("openai:b"), timeout=10, clock=clock)
    for trial in models:
        clock.now += 11
        trial.failed(ProviderTimeoutError("no answer"))

    assert [attempt.outcome for attempt in models.attempts] == ["failed", "skipped"]
    assert "time is used up" in (models.attempts[1].reason or "")


def test_a_failure_after_something_was_shown_is_raised() -> None:
    models = walk(target("openai:a"), target("openai:b"))
    trial = next(iter(models))
    trial.committed = True

    with pytest.raises(ProviderConnectionError) as caught:
        trial.failed(ProviderConnectionError("cut"))

    assert [attempt.model for attempt in caught.value.attempts] == ["openai:a"]


def test_all_models_failed_is_an_exception_group() -> None:
    models = walk(target("openai:a"), target("google:b"))
    first, second = ProviderRateLimitError("slow down"), ProviderTimeoutError("late")
    assert tried(models, first, second) == ["openai:a", "google:b"]

    error = models.exhausted()

    assert isinstance(error, AllModelsFailedError)
    assert error.exceptions == (first, second)
    limits, _ = error.split(ProviderRateLimitError)
    assert limits is not None
    assert limits.exceptions == (first,)
    assert isinstance(error, ProviderTimeoutError)


def test_milliseconds_of_an_attempt_are_told() -> None:
    clock = Clock()
    models = walk(target("openai:a"), clock=clock)
    trial = next(iter(models))
    clock.now += 0.25

    assert [attempt.ms for attempt in trial.answered(200)] == [250]
