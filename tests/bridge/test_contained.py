"""Works that run at the same time, and exceptions that would end the event loop."""

import asyncio
from collections.abc import Callable

import pytest

from llmring.bridge.contained import ContainedError, all_of, contained


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def leave(error: BaseException) -> int:
    await asyncio.sleep(0)
    raise error


async def never(ended: list[str]) -> int:
    try:
        await asyncio.sleep(60)
    finally:
        ended.append("cancelled")
    return 0


def test_results_come_in_the_order_of_the_works() -> None:
    async def call() -> list[int]:
        return await all_of(give(value) for value in (3, 1, 2))

    assert asyncio.run(call()) == [3, 1, 2]


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), ValueError("no")], ids=repr
)
def test_an_exception_of_one_work_is_raised_where_they_are_awaited(error: BaseException) -> None:
    ended: list[str] = []

    async def call() -> str:
        try:
            await all_of([never(ended), leave(error)])
        except BaseException as caught:  # noqa: BLE001 -- any exception is the point here
            await asyncio.sleep(0.01)
            return "the same" if caught is error else repr(caught)
        return "none"

    assert asyncio.run(call()) == "the same"
    assert ended == ["cancelled"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_task_holds_an_exception_that_ends_loops(kind: Callable[[], BaseException]) -> None:
    error = kind()

    async def call() -> BaseException | None:
        task = asyncio.create_task(contained(leave(error)))
        await asyncio.wait([task])
        return task.exception()

    held = asyncio.run(call())

    assert isinstance(held, ContainedError)
    assert held.error is error
