"""The consequences of a failure: the next model, a retry, or the end of the call."""

import pytest

from llmring import exceptions
from llmring.exceptions import (
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
    UnreadableResponseError,
    UnsupportedFeatureError,
)
from llmring.routing.failure_policy import Verdict, is_passing, is_rate_limit, may_have_run, verdict


def connection_error(*, reached: bool) -> ProviderConnectionError:
    error = ProviderConnectionError("cut")
    error.reached = reached
    return error


KINDS = [
    kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, ProviderError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_only_failures_of_the_request_itself_keep_a_call_from_the_next_model(
    kind: type[ProviderError],
) -> None:
    error = kind.__new__(kind, "no", [ProviderError("x")])
    may_do_better = (ContextLengthError, UnsupportedFeatureError, ContentPolicyError)

    if issubclass(kind, may_do_better):
        assert verdict(error) is Verdict.NEXT_IF_CAPABLE
    elif issubclass(kind, ProviderRequestError):
        assert verdict(error) is Verdict.STOP
    else:
        assert verdict(error) is Verdict.NEXT


def test_a_class_of_an_extension_has_the_verdict_of_its_base() -> None:
    class TooLongError(ContextLengthError):
        pass

    assert verdict(TooLongError("too long")) is Verdict.NEXT_IF_CAPABLE


@pytest.mark.parametrize(
    "error",
    [
        ProviderConnectionError("cut"),
        ProviderTimeoutError("late"),
        UnreadableResponseError("a proxy's page", status=403),
        ProviderRateLimitError("slow down", status=429),
        ProviderRateLimitError("slow down"),
        ProviderResponseError("busy", status=503),
        ProviderResponseError("overloaded", status=529),
        ProviderResponseError("conflict", status=409),
        ProviderResponseError("an error inside a stream", status=200),
        ProviderResponseError("no status"),
    ],
)
def test_a_failure_that_may_pass_is_worth_a_retry(error: ProviderError) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        ProviderAuthenticationError("no"),
        ProviderModelNotFoundError("retired", status=404),
        ProviderModelNotFoundError("retired"),
        ProviderRequestError("bad"),
        ContextLengthError("too long"),
        ProviderResponseError("not implemented", status=501),
        ProviderResponseError("moved", status=302),
        ProviderResponseError("a teapot", status=418),
    ],
)
def test_a_failure_that_stays_is_not_worth_a_retry(error: ProviderError) -> None:
    assert not is_passing(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (connection_error(reached=True), True),
        (connection_error(reached=False), False),
        (ProviderTimeoutError("late"), True),
        (UnreadableResponseError("cut", status=200), True),
        (ProviderResponseError("broken", status=500), True),
        (ProviderResponseError("no status"), True),
        (ProviderResponseError("busy", status=503), False),
        (ProviderResponseError("overloaded", status=529), False),
        (ProviderRateLimitError("slow down", status=429), False),
        (ProviderRateLimitError("slow down", status=200), False),
        (ProviderAuthenticationError("no", status=401), False),
        (ProviderModelNotFoundError("retired", status=404), False),
        (ContentPolicyError("no", status=400), False),
        (ContentPolicyError("the answer was refused", status=200), True),
    ],
)
def test_a_request_that_was_not_refused_at_once_may_have_run(
    error: ProviderError, expected: bool
) -> None:
    assert may_have_run(error) is expected


def test_b21_a_limit_or_an_overload_is_waited_for_and_a_used_up_quota_is_not() -> None:
    overloaded = ProviderResponseError("529 overloaded", status=529)
    overloaded.overloaded = True
    used_up = ProviderRateLimitError("insufficient_quota", status=429)
    used_up.should_retry = False

    assert is_rate_limit(ProviderRateLimitError("slow down", status=429))
    assert is_rate_limit(overloaded)
    assert not is_rate_limit(used_up)
    assert not is_rate_limit(ProviderResponseError("it is down", status=503))
    assert not is_rate_limit(ProviderTimeoutError("no answer"))
