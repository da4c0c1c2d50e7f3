"""The facts of the call that the running task answers."""

from __future__ import annotations

import asyncio

from llmring.chat.response import Attempt
from llmring.exceptions import ProviderRateLimitError
from llmring.gateway.watching.running_call import RunningCall, WatchingObserver, watch, watched

OBSERVER = WatchingObserver()


def running() -> RunningCall:
    return RunningCall(at=0, began=0.0)


def test_g138_each_call_gets_its_own_facts_also_from_tasks_that_it_starts() -> None:
    async def attempt(model: str) -> None:
        await asyncio.sleep(0)
        OBSERVER.on_attempt_outcome(Attempt(model=model, outcome="ok"))

    async def answer(model: str) -> RunningCall:
        call = running()
        watch(call)
        await asyncio.gather(attempt(model), attempt(model))
        return call

    async def both() -> list[RunningCall]:
        return list(await asyncio.gather(answer("openai:a"), answer("openai:b")))

    one, other = asyncio.run(both())
    assert [each.model for each in one.attempts] == ["openai:a"] * 2
    assert [each.model for each in other.attempts] == ["openai:b"] * 2
    assert one.done > 0


def test_g138_without_a_call_nothing_is_kept() -> None:
    watch(None)
    OBSERVER.on_attempt_outcome(Attempt(model="openai:a", outcome="ok"))
    OBSERVER.on_failover("openai:a", "openai:b", ProviderRateLimitError("x"))
    OBSERVER.on_models_done(None)

    assert watched() is None


def test_g138_the_first_name_is_that_of_the_call() -> None:
    call, named = running(), list[str | None]()
    call.on_named = lambda found: named.append(found.alias)
    call.take_name("fast", "default")
    call.take_name("other", "default")

    assert (call.alias, named) == ("fast", ["fast"])


def test_g138_a_failover_is_inside_once_the_answer_has_begun() -> None:
    call = running()
    watch(call)
    OBSERVER.on_failover("openai:a", "openai:b", ProviderRateLimitError("x"))
    call.first = 1.0
    OBSERVER.on_failover("openai:b", "openai:c", ProviderRateLimitError("x"))
    watch(None)

    assert [each.where for each in call.failovers] == ["before", "inside"]
    assert {each.reason for each in call.failovers} == {"rate_limit"}
