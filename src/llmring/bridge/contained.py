"""Tasks whose exceptions never leave the event loop by themselves.

A `SystemExit` or `KeyboardInterrupt` that a task raises ends the event loop at once, and with it
all other calls. Here it waits in the task, as other exceptions do, for the code that awaits it.

https://docs.python.org/3/library/asyncio-task.html#task-object
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


class ContainedError(Exception):
    """A carrier of an exception that would have ended the event loop.

    Attributes:
        error: The exception.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


async def contained(work: Awaitable[T]) -> T:
    """Return the result of some work.

    Raises:
        ContainedError: It raised an exception that ends event loops.
    """
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        raise ContainedError(error) from error


async def all_of(works: Iterable[Awaitable[T]]) -> list[T]:
    """Return the results of all works, which run at the same time.

    If one raises an exception, the others are cancelled, and not waited for: their code is the
    application's, and may not end.
    """
    tasks = [asyncio.ensure_future(contained(work)) for work in works]
    try:
        return await asyncio.gather(*tasks)
    except ContainedError as carrier:
        error = carrier.error
    finally:
        for task in tasks:
            task.cancel()
    # Outside of the except clause, so that it has no unrelated context.
    raise error
