"""Work in progress whose results several callers get, each of them from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """Work in progress, which ends when it is done, or when all who waited for it have left.

    Args:
        items: The results as they come.
        keep: Called with all results once the last one has come; callers don't wait for it.
        landed: Called when all that is over.
    """

    def __init__(
        self,
        items: AsyncGenerator[T, None],
        keep: Callable[[Sequence[T]], Awaitable[None]],
        landed: Callable[[], None],
    ) -> None:
        self._source = items
        self._keep = keep
        self._landed = landed
        self._items: list[T] = []
        self._readers = 0
        self._has_ended = self._has_landed = False
        self._error: BaseException | None = None
        self._news = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def read(self) -> AsyncGenerator[T, None]:
        """Yield all results; to be read to its end, or closed.

        Raises:
            Exception: The work has failed.
        """
        self._readers += 1
        at = 0
        try:
            while True:
                while at < len(self._items):
                    yield self._items[at]
                    at += 1
                if self._has_ended:
                    break
                await self._news.wait()
            if self._error is not None:
                raise self._error
        finally:
            await self._leave()

    async def _leave(self) -> None:
        self._readers -= 1
        if self._readers or self._has_ended:
            return
        # At once, so that no one finds work that is being cancelled.
        self._land()
        self._task.cancel()
        await asyncio.wait({self._task})

    def _land(self) -> None:
        if not self._has_landed:
            self._has_landed = True
            self._landed()

    async def _run(self) -> None:
        try:
            try:
                async with aclosing(self._source) as items:
                    async for item in items:
                        self._items.append(item)
                        # Those who wait go on; the next wait is for the next one.
                        self._news.set()
                        self._news = asyncio.Event()
            except BaseException as error:  # noqa: BLE001 -- raised again where it is read
                self._error = error
                return
            finally:
                self._has_ended = True
                self._news.set()
            await self._keep(self._items)
        finally:
            self._land()
