"""Work whose results several callers get from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from llmring.answer_cache.flight import Flight


class Work:
    """Work that goes on when it is told to."""

    def __init__(self, *items: int, error: Exception | None = None) -> None:
        self.gate = asyncio.Event()
        self.began = self.cancelled = self.landed = 0
        self.kept: list[list[int]] = []
        self._items = items
        self._error = error

    async def items(self) -> AsyncGenerator[int, None]:
        self.began += 1
        try:
            for item in self._items:
                yield item
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error is not None:
            raise self._error

    async def keep(self, items: Sequence[int]) -> None:
        self.kept.append([*items])

    def land(self) -> None:
        self.landed += 1

    def flight(self) -> Flight[int]:
        return Flight(self.items(), self.keep, self.land)


async def all_of(flight: Flight[int]) -> list[int]:
    return [item async for item in flight.read()]


async def first_of(flight: Flight[int]) -> int:
    async with aclosing(flight.read()) as items:
        return await anext(items)


def test_g136_all_callers_get_all_results_from_the_beginning() -> None:
    async def play() -> tuple[list[list[int]], Work]:
        work = Work(1, 2, 3)
        flight = work.flight()
        early = [asyncio.create_task(all_of(flight)) for _ in range(3)]
        await asyncio.sleep(0.01)
        late = asyncio.create_task(all_of(flight))
        await asyncio.sleep(0.01)
        work.gate.set()
        found = await asyncio.gather(*early, late)
        return [*found, await all_of(flight)], work

    found, work = asyncio.run(play())

    assert found == [[1, 2, 3]] * 5
    assert (work.began, work.kept, work.landed) == (1, [[1, 2, 3]], 1)


def test_g136_the_work_goes_on_when_the_one_who_began_it_leaves() -> None:
    async def play() -> tuple[int, list[int], Work]:
        work = Work(1, 2)
        flight = work.flight()
        follower = asyncio.create_task(all_of(flight))
        await asyncio.sleep(0.01)
        first = await first_of(flight)
        work.gate.set()
        return first, await follower, work

    first, rest, work = asyncio.run(play())

    assert (first, rest, work.cancelled) == (1, [1, 2], 0)


def test_g136_the_work_ends_when_all_have_left() -> None:
    async def play() -> Work:
        work = Work(1, 2)
        flight = work.flight()
        await asyncio.gather(first_of(flight), first_of(flight))
        return work

    work = asyncio.run(play())

    assert (work.cancelled, work.landed, work.kept) == (1, 1, [])


def test_g136_nobody_can_join_work_that_is_being_cancelled() -> None:
    async def play() -> list[int]:
        found = []

        async def items() -> AsyncGenerator[int, None]:
            try:
                yield 1
                await asyncio.sleep(10)
            finally:
                # While it takes its time to end, it can't be found any more.
                found.append(work.landed)

        work = Work()
        await first_of(Flight(items(), work.keep, work.land))
        return [*found, work.landed]

    assert asyncio.run(play()) == [1, 1]


def test_g136_a_failure_is_that_of_all_once() -> None:
    async def play() -> tuple[list[object], Work]:
        work = Work(1, error=ValueError("no"))
        flight = work.flight()
        waiting = [asyncio.create_task(all_of(flight)) for _ in range(3)]
        await asyncio.sleep(0.01)
        work.gate.set()
        return await asyncio.gather(*waiting, return_exceptions=True), work

    found, work = asyncio.run(play())

    assert [type(each) for each in found] == [ValueError] * 3
    assert (work.began, work.kept, work.landed) == (1, [], 1)


def test_callers_do_not_wait_until_the_results_are_kept() -> None:
    async def play() -> tuple[list[int], int]:
        work = Work(1)
        work.gate.set()
        done = asyncio.Event()

        async def keep(_: Sequence[int]) -> None:
            await done.wait()

        flight = Flight(work.items(), keep, work.land)
        found = await all_of(flight)
        before = work.landed
        done.set()
        await asyncio.sleep(0.01)
        assert work.landed == 1
        return found, before

    assert asyncio.run(play()) == ([1], 0)
