"""Streams that stay alive in silence, and the moment when their head must go out.

Proxies and clients end connections on which nothing comes for a while, and models think for longer.
One task for each stream reads its items, because a wait for an item that is given up would
otherwise cancel the reading.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
Beat = TypeVar("Beat")

# Load balancers wait for 60 s, programs for 30 s or longer.
EVERY_SECONDS = 10.0

# Items that are read before they are asked for. Pieces of relayed streams have up to 64 KiB.
_MOST_AHEAD = 16


class KeptAlive(AsyncIterator[T | Beat], Generic[T, Beat]):
    """The items of a stream, with another one after each time of silence.

    Close it with `aclose` unless it was read to its end: that cancels the work on the next item. If
    a wait for an item is cancelled, the stream is closed too.

    Args:
        items: The stream; each item is one or more whole events.
        beat: Makes what is sent in silence.
        seconds: The time of silence.
    """

    def __init__(
        self,
        items: AsyncIterator[T],
        beat: Callable[[], Beat],
        *,
        seconds: float = EVERY_SECONDS,
    ) -> None:
        self._items = items
        self._beat = beat
        self._seconds = seconds
        self._ready: deque[T] = deque()
        self._task: asyncio.Task[None] | None = None
        self._has_ended = False
        self._is_closed = False
        self._error: BaseException | None = None
        self._is_late = False
        # What the reader of this stream waits for, and what the task waits for.
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._due = 0.0

    async def head_after(self, seconds: float) -> bool:
        """Wait for the first item; return True if the head must go out without it.

        A beat is then the first item.

        Args:
            seconds: The longest time to wait.

        Raises:
            Exception: The stream failed in that time without an item.
        """
        await self._wait(seconds)
        if not self._ready and self._error is not None:
            raise self._taken_error()
        self._is_late = not self._ready and not self._has_ended
        return self._is_late

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T | Beat:
        ready = self._ready
        while not ready:
            if self._has_ended:
                if self._error is not None:
                    raise self._taken_error()
                raise StopAsyncIteration
            if not self._is_late:
                await self._wait(self._seconds)
                if ready or self._has_ended:
                    continue
            self._is_late = False
            return self._beat()
        self._is_late = False
        item = ready.popleft()
        if self._room is not None and len(ready) <= _MOST_AHEAD // 2:
            self._has_room()
        return item

    def take_ready(self) -> list[T]:
        """Return the items that have come, without waiting for others."""
        items = list(self._ready)
        if items:
            self._ready.clear()
            self._has_room()
        return items

    def _has_room(self) -> None:
        _done(self._room)
        self._room = None

    async def aclose(self) -> None:
        """Stop reading: cancel the task that reads, and close the stream."""
        self._is_closed = self._has_ended = True
        self._error = None
        self._ready.clear()
        self._stop_timer()
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})
        # If the task was cancelled before it began, it has not done so.
        await _close(self._items)
        _done(self._waiter)

    def _taken_error(self) -> BaseException:
        error, self._error = self._error, None
        assert error is not None  # noqa: S101 -- the callers have looked
        return error

    async def _wait(self, seconds: float) -> None:
        """Wait until an item, the end or an error is there, but only for so many seconds."""
        if self._ready or self._has_ended:
            return
        loop = asyncio.get_running_loop()
        if self._task is None:
            self._task = loop.create_task(self._read())
        self._due = loop.time() + seconds
        # One timer for many waits: it is moved only when it is up.
        if self._due < self._timer_at:
            self._set_timer(loop)
        self._waiter = loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            # As with any stream, whose work is a part of the wait.
            await self.aclose()
            raise

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_timer()
        self._timer = loop.call_at(self._due, self._time_is_up, loop)
        self._timer_at = self._due

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, math.inf

    def _time_is_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._timer_at = None, math.inf
        if self._waiter is None or self._waiter.done():
            return
        if loop.time() < self._due:
            self._set_timer(loop)
        else:
            self._waiter.set_result(None)

    async def _read(self) -> None:
        """Read the stream to its end; its errors are for the reader of this one."""
        try:
            try:
                await self._read_items()
            finally:
                await _close(self._items)
        except BaseException as error:  # noqa: BLE001 -- raised again where this stream is read
            if not self._is_closed:
                self._error = error
        finally:
            self._has_ended = True
            self._stop_timer()
            _done(self._waiter)

    async def _read_items(self) -> None:
        ready = self._ready
        async for item in self._items:
            ready.append(item)
            waiter = self._waiter
            if waiter is not None:
                self._waiter = None
                _done(waiter)
            if len(ready) >= _MOST_AHEAD:
                self._room = asyncio.get_running_loop().create_future()
                await self._room


def _done(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


async def _close(items: AsyncIterator[Any]) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()
