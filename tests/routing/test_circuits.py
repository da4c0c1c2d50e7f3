"""Circuits: the failures that open them, and for how long."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import ALL_FAULTS, Clock, target
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
    UnsupportedFeatureError,
)
from llmring.routing.circuits import (
    COOL_SECONDS,
    LONG_SECONDS,
    MOST_COOL_SECONDS,
    PROBE_SECONDS,
    RATE_LIMIT_SECONDS,
    WINDOW_SECONDS,
    LocalCircuits,
    circuit_key,
    least_bad,
)
from llmring.routing.targets import Target

T = TypeVar("T")

FIRST, SECOND = target("openai:a"), target("openai:b")
DOWN = ProviderResponseError("it is down", status=503)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


class Patient:
    """Circuits with a clock that only a test moves, and no jitter."""

    def __init__(self, chance: float = 0.0) -> None:
        self.clock = Clock()
        self.shared = LocalCircuits(self.clock, lambda: chance)

    def fail(self, *errors: ProviderError, waited: float = 60.0, target: Target = FIRST) -> None:
        for error in errors:
            run(self.shared.failed(target, error, waited))

    def answer(self, target: Target = FIRST) -> None:
        run(self.shared.answered(target))

    def left(self, *targets: Target) -> dict[str, float]:
        found = run(self.shared.blocked(targets or [FIRST]))
        return {ref: round(circuit.seconds, 6) for ref, circuit in found.items()}

    def is_open(self, target: Target = FIRST) -> bool:
        return bool(self.left(target))


def test_three_failures_in_a_row_open_the_circuit() -> None:
    patient = Patient()

    patient.fail(DOWN, DOWN)
    assert not patient.is_open()

    patient.fail(DOWN)
    assert patient.left() == {"openai:a": COOL_SECONDS}


def test_an_answer_between_failures_resets_the_count() -> None:
    patient = Patient()

    patient.fail(DOWN, DOWN)
    patient.answer()
    patient.fail(DOWN, DOWN)

    assert not patient.is_open()


def test_more_than_half_failing_opens_the_circuit_though_answers_come_between() -> None:
    patient = Patient()

    opened_after = 0
    for at in range(1, 20):
        patient.fail(DOWN)
        if patient.is_open():
            opened_after = 2 * at - 1
            break
        patient.answer()

    assert opened_after == 11


def test_failures_that_are_longer_ago_than_the_window_no_longer_count_for_the_rate() -> None:
    patient = Patient()

    for _ in range(20):
        patient.fail(DOWN)
        patient.answer()
        patient.clock.now += WINDOW_SECONDS / 4
        assert not patient.is_open()


def test_the_reason_is_the_last_failure() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, ProviderConnectionError("can't connect"))

    [circuit] = run(patient.shared.blocked([FIRST])).values()

    assert circuit.reason == "can't connect"


@pytest.mark.parametrize(
    "error",
    [
        ProviderAuthenticationError("no", status=401),
        ProviderAuthenticationError("no", status=403),
        ProviderModelNotFoundError("retired", status=410),
    ],
    ids=["401", "403", "410"],
)
def test_a_refused_key_or_a_retired_model_opens_it_at_once_and_for_long(
    error: ProviderError,
) -> None:
    patient = Patient()

    patient.fail(error)

    assert patient.left() == {"openai:a": LONG_SECONDS}


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, RATE_LIMIT_SECONDS), (0.0, RATE_LIMIT_SECONDS), (42.0, 42.0)]
)
def test_a_rate_limit_opens_the_circuit_for_the_time_in_retry_after(
    header: float | None, seconds: float
) -> None:
    patient = Patient()

    patient.fail(ProviderRateLimitError("slow down", status=429, retry_after=header))

    assert patient.left() == {"openai:a": seconds}


def test_an_answer_in_progress_does_not_close_a_circuit_opened_by_a_rate_limit() -> None:
    patient = Patient()
    patient.fail(ProviderRateLimitError("slow down", status=429, retry_after=20))

    patient.answer()
    assert patient.left() == {"openai:a": 20}

    patient.clock.now += 20
    patient.answer()
    assert run(patient.shared.snapshot()) == []


def test_an_overload_opens_the_circuit_for_at_least_its_retry_after() -> None:
    patient = Patient()

    patient.fail(*[ProviderResponseError("busy", status=503, retry_after=90)] * 3)

    assert patient.left() == {"openai:a": 90}


@pytest.mark.parametrize(
    "error",
    [
        ProviderRequestError("bad", status=400),
        ContextLengthError("too long", status=400),
        UnsupportedFeatureError("no tools", status=400),
        ContentPolicyError("refused", status=400),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_caused_by_the_request_never_open_the_circuit(error: ProviderError) -> None:
    patient = Patient()

    patient.fail(*[error] * 50)

    assert not patient.is_open()


@pytest.mark.parametrize("status", [None, 200])
def test_a_short_timeout_of_the_caller_never_opens_the_circuit(status: int | None) -> None:
    patient = Patient()

    patient.fail(*[ProviderTimeoutError("no answer", status=status)] * 50, waited=2.0)

    assert not patient.is_open()


@pytest.mark.parametrize(("status", "waited"), [(None, 15.0), (200, 15.0), (504, 0.1)])
def test_a_long_silence_counts_and_so_does_a_timeout_that_the_server_reports(
    status: int | None, waited: float
) -> None:
    patient = Patient()

    patient.fail(*[ProviderTimeoutError("no answer", status=status)] * 3, waited=waited)

    assert patient.is_open()


@pytest.mark.parametrize(
    "other",
    [
        target("openai:a", key="sk-other"),
        target("openai:a", base_url="https://eu.example/v1"),
        target("openai:a", key=None),
    ],
    ids=["key", "address", "no key"],
)
def test_a_bad_key_opens_no_circuit_of_another_key_or_address(other: Target) -> None:
    patient = Patient()

    patient.fail(ProviderAuthenticationError("no", status=401))

    assert patient.is_open()
    assert not patient.is_open(other)


def test_the_key_of_a_circuit_holds_no_secret() -> None:
    with_key = target("openai:a", key="sk-very-secret-0123456789")
    with_login = target("openai:a", key=None, login="me:hunter2")

    assert "secret" not in circuit_key(with_key)
    assert "hunter2" not in circuit_key(with_login)
    assert circuit_key(with_login) != circuit_key(target("openai:a", key=None))


def test_the_cool_down_doubles_up_to_its_most_and_is_short_again_after_an_answer() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN)
    seen = []
    for _ in range(7):
        [left] = patient.left().values()
        seen.append(left)
        patient.clock.now += left
        assert not patient.is_open()
        patient.fail(DOWN)

    assert seen == [10, 20, 40, 80, 160, 300, 300]

    patient.clock.now += MOST_COOL_SECONDS
    patient.answer()
    patient.fail(DOWN, DOWN, DOWN)
    assert patient.left() == {"openai:a": COOL_SECONDS}


def test_many_calls_that_fail_together_open_it_no_longer_than_one() -> None:
    patient = Patient()

    patient.fail(*[DOWN] * 100)

    assert patient.left() == {"openai:a": COOL_SECONDS}


@given(chance=st.floats(0, 1, exclude_max=True))
def test_the_jitter_only_ever_lengthens_and_by_a_fifth_at_most(chance: float) -> None:
    patient = Patient(chance)

    patient.fail(DOWN, DOWN, DOWN)

    [left] = patient.left().values()
    assert COOL_SECONDS <= left <= COOL_SECONDS * 1.2


def test_when_the_time_is_over_a_single_call_tries_it() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN)
    patient.clock.now += COOL_SECONDS

    assert not patient.is_open()
    assert patient.left() == {"openai:a": PROBE_SECONDS}

    patient.answer()
    assert not patient.is_open()
    assert not patient.is_open()


def test_a_probe_without_an_outcome_is_followed_by_another() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN)
    patient.clock.now += COOL_SECONDS
    patient.left()

    patient.clock.now += PROBE_SECONDS

    assert not patient.is_open()
    assert patient.is_open()


def test_a_probe_with_a_bad_request_leaves_the_next_call_to_probe() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN)
    patient.clock.now += COOL_SECONDS
    patient.left()

    patient.fail(ProviderRequestError("bad", status=400))

    assert not patient.is_open()
    assert patient.is_open()


def test_a_model_behind_a_healthy_one_is_not_probed() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN, target=SECOND)
    patient.clock.now += COOL_SECONDS

    for _ in range(5):
        assert patient.left(FIRST, SECOND) == {}

    assert patient.left(SECOND, FIRST) == {}
    assert patient.left(SECOND, FIRST) == {"openai:b": PROBE_SECONDS}


def test_of_models_with_open_circuits_the_first_to_close_is_chosen() -> None:
    patient = Patient()
    patient.fail(ProviderAuthenticationError("no", status=401))
    patient.fail(DOWN, DOWN, DOWN, target=SECOND)

    blocked = run(patient.shared.blocked([FIRST, SECOND]))

    assert len(blocked) == 2
    assert least_bad(blocked) == "openai:b"


def test_a_snapshot_gives_the_model_the_reason_and_the_seconds_left() -> None:
    patient = Patient()
    patient.fail(DOWN, DOWN, DOWN)
    patient.fail(ProviderConnectionError("reset"), target=SECOND)

    result = [msgspec.structs.asdict(state) for state in run(patient.shared.snapshot())]

    address = FIRST.endpoint.base_url
    assert result == [
        {
            "model": "openai:a",
            "address": address,
            "state": "open",
            "seconds": COOL_SECONDS,
            "failures": 3,
            "reason": "it is down",
        },
        {
            "model": "openai:b",
            "address": address,
            "state": "closed",
            "seconds": 0.0,
            "failures": 1,
            "reason": "reset",
        },
    ]

    patient.clock.now += COOL_SECONDS
    assert run(patient.shared.snapshot())[0].state == "half-open"


@given(st.lists(st.tuples(st.sampled_from(ALL_FAULTS), st.floats(0, 400))))
def test_no_circuit_is_open_for_longer_than_the_longest_period_asked_for(
    story: list[tuple[ProviderError, float]],
) -> None:
    patient = Patient(chance=0.999)
    for error, pause in story:
        patient.fail(error)
        left = patient.left()
        assert all(seconds <= 3600 * 1.2 for seconds in left.values())
        patient.clock.now += pause

    patient.clock.now += 3600 * 1.2
    patient.left()
    patient.answer()
    assert run(patient.shared.snapshot()) == []
