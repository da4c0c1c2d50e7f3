"""Calls that wait for their turn."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.exceptions import LimitExceededError
from llmring.limits.rate_limits import WINDOW_SECONDS, RateWindow, Slots


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


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
        try:
            while True:
                await slots.enter(limit, 0)
                entered += 1
        except LimitExceededError:
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


def test_a_call_that_waits_too_long_fails_with_the_reason() -> None:
    slots = Slots()

    async def two() -> None:
        await slots.enter(1, None)
        await slots.enter(1, 0.001)

    with pytest.raises(LimitExceededError, match="max_concurrency"):
        asyncio.run(two())


async def give_up(slots: Slots, while_waiting: Callable[["asyncio.Task[None]"], object]) -> None:
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

    def turn_comes(waiting: "asyncio.Task[None]") -> None:
        slots.leave()
        waiting.cancel()

    asyncio.run(give_up(slots, turn_comes))

    assert room(slots, 1) == 1


def test_a_call_whose_loop_was_closed_while_it_waited_is_skipped() -> None:
    slots = Slots()
    gone = asyncio.new_event_loop()
    gone.set_exception_handler(lambda *_: None)

    waiting: list[asyncio.Task[None]] = []

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
        await waiting
        with pytest.raises(LimitExceededError):
            await slots.enter(2, 0)

    asyncio.run(three())


Arrival = tuple[int, int]
# Whole seconds, so that sums of them are exact.
ARRIVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=60)


@given(ARRIVALS, st.integers(1, 6), st.integers(40, 120))
def test_no_minute_has_more_requests_or_tokens_than_allowed(
    arrivals: list[Arrival], rpm: int, tpm: int
) -> None:
    clock = Clock()
    rate_window = RateWindow(clock)
    sent: list[tuple[float, int]] = []
    for pause, tokens in arrivals:
        clock.now += pause
        place, seconds = rate_window.take(rpm, tpm, tokens, None)
        assert place.at == clock.now + seconds
        sent.append((place.at, tokens))

    assert [at for at, _ in sent] == sorted(at for at, _ in sent)
    for start, _ in sent:
        window = [tokens for at, tokens in sent if start <= at < start + WINDOW_SECONDS]
        assert len(window) <= rpm
        assert sum(window) <= tpm


@given(ARRIVALS, st.integers(1, 6))
def test_no_request_waits_where_the_minute_has_room(arrivals: list[Arrival], rpm: int) -> None:
    clock = Clock()
    rate_window = RateWindow(clock)
    sent: list[float] = []
    for pause, _ in arrivals:
        clock.now += pause
        place, seconds = rate_window.take(rpm, None, 0, None)
        # It waits only until the one that is rpm places before it is a minute old.
        assert seconds == 0 or sent[-rpm] == place.at - WINDOW_SECONDS
        sent.append(place.at)


def test_threads_that_come_at_once_get_places_of_their_own() -> None:
    rate_window = RateWindow(Clock())

    with ThreadPoolExecutor(8) as threads:
        waits = [
            done.result()[1]
            for done in [threads.submit(rate_window.take, 2, None, 0, None) for _ in range(40)]
        ]

    assert sorted(waits) == [60.0 * (place // 2) for place in range(40)]


def test_a_request_that_can_t_wait_so_long_fails_at_once_and_takes_no_place() -> None:
    clock = Clock()
    rate_window = RateWindow(clock)
    rate_window.take(1, None, 0, None)
    clock.now += 20

    with pytest.raises(LimitExceededError, match=r"in 40\.0 s.*rpm = 1") as caught:
        rate_window.take(1, None, 0, clock.now + 39)

    assert caught.value.retry_after == 40
    assert rate_window.take(1, None, 0, clock.now + 40)[1] == 40


def test_a_request_beyond_the_tokens_of_a_minute_is_refused() -> None:
    with pytest.raises(LimitExceededError, match="101 tokens, more than the 100"):
        RateWindow(Clock()).take(None, 100, 101, None)


def test_tokens_count_as_they_were_used_in_the_end() -> None:
    rate_window = RateWindow(Clock())
    first, _ = rate_window.take(None, 100, 90, None)
    first.tokens = 20

    assert rate_window.take(None, 100, 80, None)[1] == 0
    assert rate_window.take(None, 100, 1, None)[1] == 60


def test_a_request_that_is_cancelled_while_it_waits_gives_its_place_back() -> None:
    rate_window = RateWindow(Clock())

    async def story() -> None:
        await rate_window.enter(1, None, 0, None)
        waiting = asyncio.create_task(rate_window.enter(1, None, 0, None))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(story())

    assert rate_window.take(1, None, 0, None)[1] == 60
