"""Lets synchronous code run the asynchronous shell: one event loop in a thread of its own.

One loop serves the whole process. It starts with the first synchronous call and ends with the
interpreter; a forked child, which inherits no threads, starts another.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class _Portal:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="llmring", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        # As asyncio.run ends: what still runs is cancelled, and connections, which end with
        # their loop, are closed.
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def stop(self) -> None:
        if self.pid == os.getpid() and self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout=2)


_lock = threading.Lock()
_portal: _Portal | None = None


def _loop() -> asyncio.AbstractEventLoop:
    global _portal  # noqa: PLW0603 -- one loop for the process is the point
    with _lock:
        if _portal is None or _portal.pid != os.getpid():
            _portal = _Portal()
        return _portal.loop


def _forget_lock_in_child() -> None:
    # Another thread may have held the lock at the moment of the fork.
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result; blocks the calling thread, and a Ctrl-C there cancels it."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def iterate(source: AsyncGenerator[T, None]) -> Iterator[T]:
    """The items of an asynchronous generator for the calling thread; closes it at the end."""
    try:
        while True:
            try:
                yield run(_next(source))
            except StopAsyncIteration:
                return
    finally:
        run(source.aclose())


async def _next(source: AsyncGenerator[T, None]) -> T:
    return await anext(source)
