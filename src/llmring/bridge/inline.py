"""Coroutines that the calling thread runs itself, without an event loop and another thread.

What would wait on a loop blocks instead: reading from a server, a pause. Code that can't do without
a loop awaits `on_loop()` before it begins; from there on, the coroutine runs in the portal's loop.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, TypeVar

from llmring.bridge.other_loops import is_of_a_portal, refuse_trio
from llmring.exceptions import LLMRingError

T = TypeVar("T")

# The place of calls that their threads run themselves, where others have an event loop.
INLINE = object()

# The coroutine asks for a loop.
_ASKS = object()


class _Thread(threading.local):
    """The state of a thread: whether it is running a coroutine inline."""

    runs = False


_thread = _Thread()


def is_inline() -> bool:
    """Return True if the calling thread runs this coroutine itself, so that it may block."""
    if not _thread.runs:
        return False
    try:
        # The application's code, such as a hook, may run a loop of its own within a call.
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return True
    return "gevent" in sys.modules and is_of_a_portal(loop)


def here() -> object:
    """Return the running event loop, or `INLINE`."""
    return INLINE if is_inline() else asyncio.get_running_loop()


@types.coroutine
def on_loop() -> Generator[object, None, None]:
    """Go on in an event loop: the one that runs, or the portal's."""
    if is_inline():
        yield _ASKS


async def pause(seconds: float) -> None:
    """Wait for some seconds."""
    if is_inline():
        time.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def breathe() -> None:
    """Let other calls of the event loop go on."""
    if not is_inline():
        await asyncio.sleep(0)


def now() -> float:
    """Return the time of the running event loop's clock, or of the monotonic clock without one."""
    return time.monotonic() if is_inline() else asyncio.get_running_loop().time()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the coroutine's result; a Ctrl-C interrupts it where it blocks.

    Raises:
        LLMRingError: The calling thread runs trio's loop.
    """
    try:
        refuse_trio()
    except LLMRingError:
        coroutine.close()
        raise
    try:
        _advance(coroutine.send)
    except StopIteration as end:
        result: T = end.value
        return result
    from llmring.bridge import portal

    return portal.run(coroutine)


def iterate(source: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Yield the items of an asynchronous generator, and close it at the end.

    Raises:
        LLMRingError: The calling thread runs trio's loop.
    """
    refuse_trio()
    needs_loop = False
    try:
        while not needs_loop:
            step = source.__anext__()
            try:
                _advance(step.send)
            except StopIteration as end:
                yield end.value
            except StopAsyncIteration:
                return
            else:
                needs_loop = True
    finally:
        if not needs_loop:
            run(_closed(source))
    from llmring.bridge import portal

    yield from portal.iterate(source, step)


async def _closed(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()


def _advance(send: Callable[[None], object]) -> None:
    """Run a coroutine to its end, or to the place where it asks for a loop.

    Raises:
        StopIteration: The end, with the result.
    """
    outer, _thread.runs = _thread.runs, True
    try:
        # Nothing is what `asyncio.sleep(0)` gives, to let others go first.
        while (asked := send(None)) is None:
            pass
    finally:
        _thread.runs = outer
    if asked is not _ASKS:
        raise RuntimeError("llmring waits for an event loop where none runs; please report this")
