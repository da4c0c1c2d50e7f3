"""The pace of a batch: each request waits for its turn with its model."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from circuits import target
from llmring.dialects.rates.rate_limits import RateLimit, RateLimits
from llmring.exceptions import ProviderRateLimitError, ProviderResponseError
from llmring.pacing.pacer import Pacer
from llmring.routing.call_wishes import RequestTurn
from llmring.routing.targets import Skip, Target

FIRST, SECOND = target("openai:a"), target("openai:b")


def limit(retry_after: float | None = None) -> ProviderRateLimitError:
    return ProviderRateLimitError("slow down", status=429, retry_after=retry_after)


def run(act: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await act()

    asyncio.run(main())


async def waits(pacer: Pacer, *, again: bool = False) -> "asyncio.Task[RequestTurn]":
    task = asyncio.ensure_future(pacer.turn(FIRST, 10, limits=int(again)))
    await asyncio.sleep(0)
    assert not task.done()
    return task


def test_b18_a_request_waits_until_another_one_has_ended() -> None:
    async def act() -> None:
        pacer = Pacer(2)
        turns = [await pacer.turn(FIRST, 10, limits=0) for _ in range(2)]
        third = await waits(pacer)
        turns[0].answered(7)

        (await third).end()
        assert [(each.in_flight, each.waiting) for each in pacer.states()] == [(1, 0)]

    run(act)


def test_a_turn_ends_once() -> None:
    async def act() -> None:
        pacer = Pacer(4)
        turn, other = [await pacer.turn(FIRST, 10, limits=0) for _ in range(2)]
        turn.answered(None)
        turn.answered(None)
        turn.end()
        assert not turn.limited(limit())

        assert pacer.states()[0].in_flight == 1
        other.end()
        assert pacer.states()[0].in_flight == 0

    run(act)


def test_b20_each_model_and_each_key_has_a_pace_of_its_own() -> None:
    async def act() -> None:
        pacer = Pacer(1)
        for each in (FIRST, SECOND, target("openai:a", key="sk-second")):
            await pacer.turn(each, 10, limits=0)

        states = pacer.states()
        assert [each.model for each in states] == ["openai:a", "openai:b", "openai:a"]
        assert "sk-second" not in repr(states)

    run(act)


def test_b19_a_retry_after_holds_all_rows_of_the_model_and_those_sent_before_go_first() -> None:
    async def act() -> None:
        pacer = Pacer(3)
        turns = [await pacer.turn(FIRST, 10, limits=0) for _ in range(3)]
        new = await waits(pacer)
        began = time.monotonic()
        assert turns[0].limited(limit(0.3))
        repeated = await waits(pacer, again=True)
        turns[1].end()
        turns[2].end()

        assert 0.1 < pacer.states()[0].resumes_in <= 0.3
        turn = await repeated
        assert time.monotonic() - began >= 0.25
        turn.answered(None)
        (await new).end()

    run(act)


def test_b21_a_limit_that_never_ends_is_a_failure_after_a_time() -> None:
    async def act() -> None:
        now = 1000.0
        pacer = Pacer(8, most_wait=100.0, clock=lambda: now)
        turns = [await pacer.turn(FIRST, 10, limits=0) for _ in range(4)]

        assert turns[0].limited(limit(1.0))
        now = 1099.0
        assert turns[1].limited(limit(1.0))
        now = 1101.0
        assert not turns[2].limited(limit(1.0))
        turns[3].answered(None)
        now = 1200.0
        (turn,) = [await pacer.turn(FIRST, 10, limits=0)]
        assert turn.limited(limit(1.0))

    run(act)


def test_b21_a_quota_of_a_day_is_a_failure_at_once_and_pauses_nothing() -> None:
    async def act() -> None:
        pacer = Pacer(8)
        turn = await pacer.turn(FIRST, 10, limits=0)

        assert not turn.limited(limit(6 * 3600.0))
        assert pacer.states()[0].resumes_in == 0.0

    run(act)


def test_b21_a_request_that_meets_limits_while_others_are_answered_is_too_large() -> None:
    async def act() -> None:
        now = 1000.0
        pacer = Pacer(8, clock=lambda: now)
        found = []
        for limits in range(11):
            turn = await pacer.turn(FIRST, 10, limits=limits)
            found.append(turn.limited(limit(0.1)))
            now += 100
            (await pacer.turn(FIRST, 10, limits=0)).answered(7)
            now += 100

        assert found == [True] * 10 + [False]

    run(act)


def test_a_request_that_is_cancelled_in_the_line_takes_nobody_s_turn() -> None:
    async def act() -> None:
        pacer = Pacer(1)
        turn = await pacer.turn(FIRST, 10, limits=0)
        cancelled, next_ = await waits(pacer), await waits(pacer)
        cancelled.cancel()
        late = await waits(pacer)
        turn.end()
        # Its turn comes in the moment in which it is cancelled.
        next_.cancel()

        (await late).end()
        assert cancelled.cancelled()
        assert next_.cancelled()
        assert pacer.states()[0].in_flight == 0

    run(act)


def test_b19_what_headers_leave_is_waited_for() -> None:
    async def act() -> None:
        pacer = Pacer(8)
        turn = await pacer.turn(FIRST, 10, limits=0)
        turn.report(RateLimits(RateLimit(0, 0.2, 100)))
        turn.answered(None)
        began = time.monotonic()
        (await pacer.turn(FIRST, 10, limits=0)).end()

        assert time.monotonic() - began >= 0.15

    run(act)


def test_b21_only_a_pacer_that_spills_lets_the_next_model_take_the_overflow() -> None:
    async def act() -> None:
        skip = Skip(SECOND.ref, ProviderResponseError("no"))
        models: list[Target | Skip] = [FIRST, skip, SECOND]
        keeps, spills = Pacer(1), Pacer(1, spills=True)
        for pacer in (keeps, spills):
            await pacer.turn(FIRST, 10, limits=0)

        assert list(keeps.ordered(models)) == models
        assert list(spills.ordered(models)) == [SECOND, FIRST, skip]
        await spills.turn(SECOND, 10, limits=0)
        assert list(spills.ordered(models)) == models

    run(act)


def test_closing_cancels_those_that_wait() -> None:
    async def act() -> None:
        pacer = Pacer(1)
        await pacer.turn(FIRST, 10, limits=0)
        waiting = await waits(pacer)
        pacer.close()

        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(act)
