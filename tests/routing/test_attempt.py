"""One attempt at a model: its outcome, price and notes, and the errors that it signs."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from circuits import Clock, target
from llmring.chat.events import Usage
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import ModelFacts, Prices
from llmring.routing.attempt import AttemptState
from llmring.routing.call_context import CallContext
from llmring.routing.call_progress import CallProgress
from llmring.routing.selection.prepare import chat
from llmring.routing.targets import Target

DAY = date(2026, 1, 1)
KEY = "sk-secret-0123456789"
USAGE = Usage(prompt_tokens=1_000_000, completion_tokens=500_000)
PREPARE = chat(parse_request(LLMRequest("fast", "Hi")), stream=False)


def priced() -> Target:
    found = target("openai:a", key=KEY)
    facts = ModelFacts(
        provider="openai", name="a", prices=Prices(input=Decimal(2), output=Decimal(10))
    )
    return Target(found.ref, found.endpoint, found.dialect, facts)


def call(clock: Clock | None = None, **context: Any) -> CallProgress:
    return CallProgress(timeout=60, clock=clock or Clock(), day=DAY, context=CallContext(**context))


def attempt(
    progress: CallProgress, model: Target | None = None, pause: float = 0.0
) -> AttemptState:
    model = model or priced()
    return AttemptState(progress, model, PREPARE(model), None, pause)


def test_the_tokens_of_an_answer_are_priced_for_the_day_of_the_call() -> None:
    made = attempt(call())
    made.record_usage(USAGE)

    [outcome] = made.succeed(200)

    assert (outcome.model, outcome.outcome, outcome.status) == ("openai:a", "ok", 200)
    assert outcome.usage == USAGE
    assert outcome.cost == Decimal(7)
    assert outcome.cost_reason is None


def test_without_a_price_the_outcome_gives_the_reason() -> None:
    made = attempt(call(), target("openai:unknown"))
    made.record_usage(USAGE)

    [outcome] = made.succeed(200)

    assert outcome.cost is None
    assert "not in the catalog" in (outcome.cost_reason or "")


def test_a_later_report_of_usage_replaces_an_earlier_one() -> None:
    made = attempt(call())
    made.record_usage(USAGE)
    made.record_usage(Usage(prompt_tokens=1_000_000))

    assert made.cost == Decimal(2)


def test_time_is_counted_from_the_moment_of_sending_after_a_pause() -> None:
    clock = Clock()
    made = attempt(call(clock), pause=2)
    clock.now += 1

    assert made.seconds == 0
    clock.now += 1.5
    assert made.seconds == 0.5
    [outcome] = made.succeed(200)
    assert outcome.ms == 500


def test_a_failure_is_signed_with_its_model_and_cleaned_of_the_key() -> None:
    made = attempt(call())
    error = ProviderResponseError(f"the key {KEY} is wrong", status=500)
    error.provider_message = f"bad {KEY}"

    made.sign(error)
    made.fail(error)

    assert (error.provider, error.model) == ("openai", "a")
    assert KEY not in f"{error} {error.provider_message} {error.args}"
    assert error.message == "the key *** is wrong"


def test_notes_on_an_answer_are_cleaned_of_the_key() -> None:
    made = attempt(call())
    made.note("first")
    made.note(f"second {KEY}")

    assert made.succeed(200)[0].notes == ("first", "second ***")


@pytest.mark.parametrize(
    ("error", "uncounted"),
    [
        (ProviderTimeoutError("late"), True),
        (ProviderConnectionError("cut"), True),
        (ProviderResponseError("broken", status=500), False),
        (ProviderRateLimitError("slow down", status=429), False),
        (ProviderAuthenticationError("no", status=401), False),
    ],
)
def test_a_failed_attempt_that_may_be_billed_is_kept_as_uncounted(
    error: ProviderError, uncounted: bool
) -> None:
    progress = call()
    made = attempt(progress)

    made.fail(error)

    [outcome] = progress.attempts
    assert (outcome.outcome, outcome.error) == ("failed", error)
    assert ("may still bill" in (outcome.cost_reason or "")) is uncounted
    assert (made.uncounted == (made.target,)) is uncounted


def test_an_attempt_that_broke_off_after_content_was_shown_may_be_billed() -> None:
    progress = call()
    made = attempt(progress)
    made.committed = True

    made.fail(ProviderResponseError("broken", status=500))

    assert progress.uncounted == (made.target,)


def test_a_failed_attempt_whose_usage_is_known_is_priced() -> None:
    progress = call()
    made = attempt(progress)
    made.record_usage(USAGE)

    made.fail(ProviderConnectionError("cut"))

    assert progress.attempts[0].cost == Decimal(7)
    assert progress.uncounted == ()


def test_a_failure_that_ends_the_call_is_raised_with_all_attempts() -> None:
    progress = call()
    attempt(progress).fail(ProviderConnectionError("cut"))
    error = ProviderRequestError("bad", status=400)

    with pytest.raises(ProviderRequestError) as caught:
        attempt(progress).fail(error)

    assert caught.value is error
    assert [each.outcome for each in error.attempts] == ["failed", "failed"]


def test_the_first_answer_drops_the_attempts_under_way() -> None:
    progress = call()
    slow, fast = attempt(progress, target("openai:slow")), attempt(progress)

    outcomes = fast.succeed(200)

    assert slow.is_dropped
    assert not fast.is_dropped
    assert [(each.model, each.outcome) for each in outcomes] == [
        ("openai:slow", "dropped"),
        ("openai:a", "ok"),
    ]
    assert "may still bill" in (outcomes[0].cost_reason or "")
    assert progress.uncounted == (slow.target,)


def test_a_dropped_attempt_has_no_second_outcome() -> None:
    progress = call()
    slow, fast = attempt(progress, target("openai:slow")), attempt(progress)
    fast.succeed(200)

    slow.fail(ProviderRequestError("bad", status=400))
    slow.succeed(200)

    assert [each.outcome for each in progress.attempts] == ["dropped", "ok"]


@pytest.mark.parametrize(
    ("name", "notes"),
    [("b", ("served b",)), ("a", ()), ("", ()), (None, ())],
)
def test_only_another_name_than_the_requested_one_is_checked(
    name: str | None, notes: tuple[str, ...]
) -> None:
    def remark(ref: ModelRef, served: str | None) -> str:
        assert str(ref) == "openai:a"
        return f"served {served}"

    made = attempt(call(remark_on=remark))

    made.record_served_name(name)

    assert made.notes == notes


def test_an_expected_name_of_the_model_leaves_no_note() -> None:
    made = attempt(call(remark_on=lambda _ref, _name: None))

    made.record_served_name("a-2026-01-01")

    assert made.notes == ()


def test_silence_lasts_from_sending_to_a_failure_without_a_response() -> None:
    clock = Clock()
    made = attempt(call(clock))
    clock.now += 3

    assert made.silence(ProviderConnectionError("cut")) == 3


def test_silence_within_an_answer_is_that_of_the_stall() -> None:
    clock = Clock()
    made = attempt(call(clock))
    clock.now += 30
    stalled = ProviderTimeoutError("stalled", status=200)
    stalled.stalled_for = 12.0

    assert made.silence(stalled) == 12
    assert made.silence(ProviderResponseError("broken", status=500)) == 0


def test_b10_a_wait_for_a_turn_is_no_part_of_an_attempt_s_time() -> None:
    clock = Clock()
    progress = call(clock)
    model = priced()
    made = AttemptState(progress, model, PREPARE(model), clock.now + 5, 0.0)
    clock.now += 30
    made.postpone(30)
    clock.now += 0.25

    assert made.deadline == clock.now + 4.75
    [outcome] = made.succeed(200)
    assert outcome.ms == pytest.approx(250)
