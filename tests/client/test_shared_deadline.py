"""Several requests that share the time of one call."""

import time
from datetime import date

import pytest

from circuits import target
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.client.shared_deadline import SharedDeadline
from llmring.clock import Clock
from llmring.exceptions import ProviderConnectionError, ProviderTimeoutError
from llmring.routing.call_context import CallContext
from llmring.routing.failover import Failover
from llmring.routing.policy import Policy
from llmring.routing.prepare import chat
from rings import TODAY

CLOCK = Clock(fixed=date.fromisoformat(TODAY))
ONCE = CallContext(policy=Policy(retries=0))
PREPARE = chat(parse_request(LLMRequest("fast", "Hi")), stream=False)
FIRST, SECOND = target("openai:a"), target("anthropic:b")


def fail_all(walk: Failover) -> list[str]:
    tried = []
    for trial in walk:
        tried.append(str(trial.target.ref))
        trial.fail(ProviderConnectionError("reset"))
    return tried


def test_all_walks_end_at_the_same_time() -> None:
    walks = SharedDeadline(60, CLOCK, ONCE)

    first = walks.failover([FIRST], PREPARE).deadline
    time.sleep(0.01)
    second = walks.failover([FIRST], PREPARE).deadline

    assert first is not None
    assert second == pytest.approx(first, abs=0.001)


def test_a_walk_that_begins_when_the_time_is_over_asks_no_model() -> None:
    walks = SharedDeadline(0.01, CLOCK, ONCE)
    time.sleep(0.02)

    late = walks.failover([FIRST], PREPARE)

    assert fail_all(late) == []
    assert isinstance(late.exhausted(), ProviderTimeoutError)


def test_without_a_limit_no_walk_has_a_deadline() -> None:
    assert SharedDeadline(None, CLOCK).failover([FIRST], PREPARE).deadline is None


def test_the_attempts_of_all_walks_are_reported_in_their_order() -> None:
    walks = SharedDeadline(60, CLOCK, ONCE)

    fail_all(walks.failover([FIRST], PREPARE))
    fail_all(walks.failover([SECOND, FIRST], PREPARE))

    assert [each.model for each in walks.attempts()] == ["openai:a", "anthropic:b", "openai:a"]


def test_every_walk_has_the_policy_of_the_call_and_the_day_of_the_ring() -> None:
    walks = SharedDeadline(60, CLOCK, CallContext(policy=Policy(retries=2)))

    walk = walks.failover([FIRST], PREPARE, "fast")

    assert (walk.alias, walk.day) == ("fast", date.fromisoformat(TODAY))
    assert walk.context.policy.retries == 2
