"""Calls that wait for their turn."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmring.limits.counts import SlotGrant
from llmring.limits.slots import Slots


class Crowd:
    """A counter of calls in progress."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.here = self.most = self.served = 0

    async def visit(self, slots: Slots, limit: int) -> None:
        await slots.enter(limit, None)
        with self._lock:
            self.here += 1
            self.most = max(self.most, self.here)
        await asyncio.sleep(0)
        with self._lock:
            self.here -= 1
            self.served += 1
        slots.leave()


def room(slots: Slots, limit: int) -> int:
    """Return the number of calls that can enter at once."""

    async def enter_all() -> int:
        entered = 0
        while await slots.enter(limit, 0):
            entered += 1
        for _ in range(entered):
            slots.leave()
        return entered

    return asyncio.run(enter_all())


def test_no_more_calls_run_at_once_than_allowed() -> None:
    slots, crowd = Slots(), Crowd()

    async def many() -> None:
        await asyncio.gather(*(crowd.visit(slots, 3) for _ in range(50)))

    asyncio.run(many())

    assert (crowd.most, crowd.served) == (3, 50)


def test_several_loops_in_threads_share_the_slots() -> None:
    slots, crowd = Slots(), Crowd()

    async def many() -> None:
        await asyncio.gather(*(crowd.visit(slots, 3) for _ in range(100)))

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(asyncio.run, many()) for _ in range(6)]:
            done.result(timeout=20)

    assert (crowd.most, crowd.served) == (3, 600)
    assert room(slots, 3) == 3


def test_calls_enter_in_the_order_in_which_they_came() -> None:
    slots = Slots()
    entered: list[int] = []

    async def visit(number: int) -> None:
        await slots.enter(1, None)
        entered.append(number)
        await asyncio.sleep(0)
        slots.leave()

    async def many() -> None:
        await asyncio.gather(*(visit(number) for number in range(20)))

    asyncio.run(many())

    assert entered == list(range(20))


def test_a_call_that_waits_too_long_gets_none() -> None:
    slots = Slots()

    async def two() -> list[bool]:
        return [await slots.enter(1, None), await slots.enter(1, 0.001)]

    assert asyncio.run(two()) == [True, False]


async def give_up(slots: Slots, while_waiting: Callable[["asyncio.Task[bool]"], object]) -> None:
    """Two calls with one slot, where something happens to the one that waits."""
    await slots.enter(1, None)
    waiting = asyncio.create_task(slots.enter(1, None))
    await asyncio.sleep(0)
    while_waiting(waiting)
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_call_that_is_cancelled_while_it_waits_takes_no_slot() -> None:
    slots = Slots()

    async def story() -> None:
        await give_up(slots, lambda waiting: waiting.cancel())
        slots.leave()

    asyncio.run(story())

    assert room(slots, 1) == 1


def test_a_call_that_is_cancelled_just_as_its_turn_comes_gives_it_to_the_next() -> None:
    slots = Slots()

    def turn_comes(waiting: "asyncio.Task[bool]") -> None:
        slots.leave()
        waiting.cancel()

    asyncio.run(give_up(slots, turn_comes))

    assert room(slots, 1) == 1


def test_a_call_whose_loop_was_closed_while_it_waited_is_skipped() -> None:
    slots = Slots()
    gone = asyncio.new_event_loop()
    gone.set_exception_handler(lambda *_: None)

    waiting: list[asyncio.Task[bool]] = []

    async def enter_then_wait() -> None:
        await slots.enter(1, None)
        waiting.append(asyncio.create_task(slots.enter(1, None)))
        await asyncio.sleep(0)

    gone.run_until_complete(enter_then_wait())
    gone.close()
    slots.leave()
    assert room(slots, 1) == 1

    # The collector ends what waits there.
    waiting.clear()
    gc.collect()

    assert room(slots, 1) == 1


def test_a_limit_that_was_raised_lets_those_in_who_wait() -> None:
    slots = Slots()

    async def three() -> None:
        await slots.enter(1, None)
        waiting = asyncio.create_task(slots.enter(2, None))
        assert await waiting
        assert not await slots.enter(2, 0)

    asyncio.run(three())


def test_calls_of_a_group_with_many_do_not_keep_the_other_groups_waiting() -> None:
    slots = Slots()
    entered: list[str] = []

    async def visit(group: str) -> None:
        await slots.enter(1, None, group)
        entered.append(group)
        await asyncio.sleep(0)
        slots.leave()

    async def many() -> None:
        await asyncio.gather(*map(visit, "aaaaaabb"))

    asyncio.run(many())

    assert "".join(entered) == "aababaaa"


# --- slots that are leased ---------------------------------------------------------------------


def leased(asked: list[Slots]) -> Slots:
    return Slots("fast", asked.append)


def test_leased_slots_are_asked_for_and_used_again_without_asking() -> None:
    asked: list[Slots] = []
    slots = leased(asked)

    async def story() -> None:
        waiting = asyncio.create_task(slots.enter(5, None))
        await asyncio.sleep(0)
        query = slots.query()
        assert query is not None
        assert (query.key, query.limit, query.held, query.wanted) == ("fast", 5, 0, 1)
        slots.answer(SlotGrant(1, yields=False))
        assert await waiting
        slots.leave()
        assert await slots.enter(5, None)

    asyncio.run(story())

    assert len(asked) == 1


def test_a_call_that_may_not_wait_is_refused_after_one_answer() -> None:
    slots = leased([])

    async def story() -> bool:
        waiting = asyncio.create_task(slots.enter(5, 0))
        await asyncio.sleep(0)
        slots.query()
        slots.answer(SlotGrant(0, yields=False))
        return await waiting

    assert not asyncio.run(story())


def test_a_slot_that_others_wait_for_is_given_back_when_its_call_ends() -> None:
    asked: list[Slots] = []
    slots = leased(asked)

    async def story() -> None:
        first = asyncio.create_task(slots.enter(1, None))
        await asyncio.sleep(0)
        slots.query()
        slots.answer(SlotGrant(1, yields=True))
        await first
        second = asyncio.create_task(slots.enter(1, None))
        await asyncio.sleep(0)
        slots.leave()
        await asyncio.sleep(0)
        assert not second.done()
        second.cancel()

    asyncio.run(story())

    query = slots.query()
    assert query is not None
    assert query.held == 0
    assert len(asked) == 2


def test_at_the_end_of_the_process_no_slot_is_kept() -> None:
    slots = leased([])

    async def story() -> None:
        first = asyncio.create_task(slots.enter(1, None))
        await asyncio.sleep(0)
        slots.query()
        slots.answer(SlotGrant(1, yields=False))
        await first

    asyncio.run(story())

    query = slots.query(ends=True)
    assert query is not None
    assert query.held == 0
