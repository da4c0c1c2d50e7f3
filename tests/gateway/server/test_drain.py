"""The states of a gateway that ends."""

import asyncio

from llmring.gateway.server.drain import Drain


class Moments:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def states(drain: Drain) -> tuple[bool, bool]:
    return drain.is_draining, drain.is_closing


def test_g174_a_gateway_takes_calls_until_the_delay_is_over() -> None:
    clock = Moments()
    drain = Drain(5, monotonic=clock)
    assert states(drain) == (False, False)

    drain.begin()
    assert states(drain) == (True, False)
    clock.now += 4.9
    assert states(drain) == (True, False)
    clock.now += 0.1
    assert states(drain) == (True, True)
    assert not drain.is_forced


def test_g174_an_interrupted_gateway_takes_no_more_calls() -> None:
    drain = Drain(5)
    drain.begin(at_once=True)

    assert drain.is_closing


def test_g174_a_second_signal_ends_the_delay_too() -> None:
    drain = Drain(5)
    drain.begin()
    drain.force()

    assert drain.is_closing
    assert drain.is_forced


def test_g174_only_calls_that_run_are_cancelled_at_the_limit() -> None:
    async def ends() -> list[bool]:
        drain = Drain()

        async def call(seconds: float) -> None:
            task = asyncio.current_task()
            assert task is not None
            drain.enter(task)
            try:
                await asyncio.sleep(seconds)
            finally:
                drain.leave(task)

        tasks = [asyncio.create_task(call(seconds)) for seconds in (0, 60, 60)]
        await asyncio.sleep(0.01)
        assert drain.running == 2
        drain.expire()
        await asyncio.wait(tasks)
        assert drain.running == 0
        assert drain.is_expired
        return [task.cancelled() for task in tasks]

    assert asyncio.run(ends()) == [False, True, True]
