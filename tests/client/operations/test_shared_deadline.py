"""Several requests that share the time of one call."""

import time
from datetime import date

import pytest

from circuits import target
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.client.operations.shared_deadline import SharedDeadline
from llmring.clock import Clock
from llmring.exceptions import ProviderConnectionError, ProviderTimeoutError
from llmring.routing.call_context import CallContext
from llmring.routing.failover import Failover
from llmring.routing.policy import Policy
from llmring.routing.selection.prepare import chat
from rings import TODAY

CLOCK = Clock(fixed=date.fromisoformat(TODAY))
ONCE = CallContext(policy=Policy(retries=0))
PREPARE = chat(parse_request(LLMRequest("fast", "Hi")), stream=False)
FIRST, SECOND = target("openai:a"), target("anthropic:b")


def fail_all(failover: Failover) -> list[str]:
    tried = []
    for made in failover:
        tried.append(str(made.target.ref))
        made.fail(ProviderConnectionError("reset"))
    return tried


def test_all_walks_end_at_the_same_time() -> None:
    shared_deadline = SharedDeadline(60, CLOCK, ONCE)

    first = shared_deadline.failover([FIRST], PREPARE).deadline
    time.sleep(0.01)
    second = shared_deadline.failover([FIRST], PREPARE).deadline

    assert first is not None
    assert second == pytest.approx(first, abs=0.001)


def test_a_walk_that_begins_when_the_time_is_over_asks_no_model() -> None:
    shared_deadline = SharedDeadline(0.01, CLOCK, ONCE)
    time.sleep(0.02)

    late = shared_deadline.failover([FIRST], PREPARE)

    assert fail_all(late) == []
    assert isinstance(late.exhausted(), ProviderTimeoutError)


def test_without_a_limit_no_walk_has_a_deadline() -> None:
    assert SharedDeadline(None, CLOCK).failover([FIRST], PREPARE).deadline is None


def test_the_attempts_of_all_walks_are_reported_in_their_order() -> None:
    shared_deadline = SharedDeadline(60, CLOCK, ONCE)

    fail_all(shared_deadline.failover([FIRST], PREPARE))
    fail_all(shared_deadline.failover([SECOND, FIRST], PREPARE))

    assert [each.model for each in shared_deadline.attempts()] == [
        "openai:a",
        "anthropic:b",
        "openai:a",
    ]


def test_every_walk_has_the_policy_of_the_call_and_the_day_of_the_ring() -> None:
    shared_deadline = SharedDeadline(60, CLOCK, CallContext(policy=Policy(retries=2)))

    failover = shared_deadline.failover([FIRST], PREPARE, "fast")

    assert (failover.alias, failover.day) == ("fast", date.fromisoformat(TODAY))
    assert failover.context.policy.retries == 2


def test_b10_a_wait_for_a_turn_moves_the_end_of_all_later_walks() -> None:
    shared_deadline = SharedDeadline(60, CLOCK, ONCE)

    first = shared_deadline.failover([FIRST], PREPARE)
    first.postpone(30.0)
    second = shared_deadline.failover([FIRST], PREPARE, tokens=7)

    assert first.deadline is not None
    assert second.deadline == pytest.approx(first.deadline, abs=0.01)
    assert second.context.tokens == 7
