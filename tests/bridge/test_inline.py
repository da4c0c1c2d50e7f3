"""Coroutines that the calling thread runs itself, and the place where they need a loop."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator

import pytest

from llmring.bridge import inline


async def where() -> tuple[int, bool]:
    """Return the thread that runs this, and whether it may block."""
    return threading.get_ident(), inline.is_inline()


def test_a_coroutine_runs_in_the_calling_thread() -> None:
    assert inline.run(where()) == (threading.get_ident(), True)
    assert not inline.is_inline()


def test_it_goes_on_in_a_loop_from_where_it_asks_for_one() -> None:
    async def call() -> list[tuple[int, bool]]:
        before = await where()
        await inline.on_loop()
        await asyncio.sleep(0.001)
        await inline.on_loop()
        return [before, await where()]

    me = threading.get_ident()
    before, after = inline.run(call())

    assert before == (me, True)
    assert after[0] != me
    assert not after[1]


def test_an_error_of_either_part_reaches_the_caller() -> None:
    async def call(*, on_loop: bool) -> None:
        if on_loop:
            await inline.on_loop()
        raise KeyError("why")

    for on_loop in (False, True):
        with pytest.raises(KeyError, match="why"):
            inline.run(call(on_loop=on_loop))


@pytest.mark.parametrize("asks_at", [None, 0, 1, 3])
def test_items_come_in_order_wherever_a_loop_is_needed(asks_at: int | None) -> None:
    closed = []

    async def items() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                if number == asks_at:
                    await inline.on_loop()
                yield number
            if asks_at == 3:
                await inline.on_loop()
        finally:
            closed.append(True)

    assert list(inline.iterate(items())) == [0, 1, 2]
    assert closed == [True]


@pytest.mark.parametrize("asks_at", [None, 0])
def test_items_that_are_left_early_are_closed(asks_at: int | None) -> None:
    closed = []

    async def items() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                if number == asks_at:
                    await inline.on_loop()
                yield number
        finally:
            await inline.on_loop()
            await asyncio.sleep(0)
            closed.append(True)

    found = inline.iterate(items())
    assert next(found) == 0
    found.close()

    assert closed == [True]


def test_a_loop_that_runs_within_a_call_is_that_loop() -> None:
    async def inner() -> tuple[bool, object]:
        await inline.on_loop()
        await inline.pause(0)
        return inline.is_inline(), inline.here()

    async def call() -> tuple[bool, bool]:
        # As the application's hook might.
        with asyncio.Runner() as runner:
            is_inline, here = runner.run(inner())
            return is_inline, here is runner.get_loop()

    assert inline.run(call()) == (False, True)


def test_a_pause_blocks_and_the_clock_is_monotonic() -> None:
    async def call() -> tuple[float, float, object]:
        before = inline.now()
        await inline.pause(0.01)
        await inline.breathe()
        return before, inline.now(), inline.here()

    began = time.monotonic()
    before, after, here = inline.run(call())

    assert began <= before < after <= time.monotonic()
    assert here is inline.INLINE


def test_what_waits_on_a_loop_without_asking_for_it_is_an_error() -> None:
    class Odd:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield "something"

    async def call() -> None:
        await Odd()

    with pytest.raises(RuntimeError, match="waits for an event loop"):
        inline.run(call())
