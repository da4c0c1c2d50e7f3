"""The delay until a provider notices that its caller has hung up, measured at the farm."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from chaos.storm import Place, ring_at, tally
from llmring import LLMRing

# Time for a call to get as far as it can before it is cancelled.
FIRST_SECONDS = 0.3
HEARD_SECONDS = 5.0


async def _head(ring: LLMRing, message: str) -> float:
    """Time out a call while nothing has come."""
    return await _timed_out(ring.chat("silent", message))


async def _body(ring: LLMRing, message: str) -> float:
    """Time out a call in the middle of its answer."""
    return await _timed_out(ring.chat("stall", message))


async def _stream(ring: LLMRing, message: str) -> float:
    """Time out a stream between its pieces."""
    return await _timed_out(_drain(ring, message))


async def _timed_out(answer: Awaitable[object]) -> float:
    due = asyncio.get_running_loop().time() + FIRST_SECONDS
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(due):
            await answer
    return due


async def _task(ring: LLMRing, message: str) -> float:
    """Cancel the task that makes the call."""
    task = asyncio.ensure_future(_drain(ring, message))
    await asyncio.sleep(FIRST_SECONDS)
    task.cancel()
    began = time.monotonic()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return began


async def _drain(ring: LLMRing, message: str) -> None:
    async for _ in ring.chat_stream("stall", message):
        pass


async def _left(ring: LLMRing, message: str) -> float:
    """Leave a loop over a stream after the first piece."""
    async for _ in ring.chat_stream("stall", message):
        break
    return time.monotonic()


WAYS: dict[str, Callable[[LLMRing, str], Awaitable[float]]] = {
    "`asyncio.timeout`, nothing had come": _head,
    "`asyncio.timeout`, in the middle of a whole answer": _body,
    "`asyncio.timeout`, in the middle of a stream": _stream,
    "the task was cancelled in the middle of a stream": _task,
    "`break` after the first piece of a stream": _left,
}


async def hang_ups(
    path: Path, place: Place, way: str, calls: int, at_once: int
) -> tuple[list[float], int]:
    """Return the seconds from cancelling each call to the end of its connection at the farm.

    The second value is the number of connections that never ended.

    Args:
        path: The lockfile.
        place: The farm.
        way: One of `WAYS`.
        calls: Number of calls.
        at_once: How many of them at the same time.
    """
    left: dict[str, float] = {}

    async def one(message: str) -> None:
        left[message] = await WAYS[way](ring, message)

    async with ring_at(path) as ring:
        # A first call loads modules, which would delay the calls that are measured.
        await ring.chat("good", "Hi")
        for begun in range(0, calls, at_once):
            names = [f"{way} {nth}" for nth in range(begun, min(begun + at_once, calls))]
            await asyncio.gather(*map(one, names))
        received = await _receive(place, set(left))
    return [received[message] - left[message] for message in left if message in received], len(
        set(left) - set(received)
    )


async def _receive(place: Place, expected: set[str]) -> dict[str, float]:
    """Return when the farm saw these connections end; the ring stays open and ends none itself."""
    until = time.monotonic() + HEARD_SECONDS
    while True:
        result: dict[str, float] = (await asyncio.to_thread(tally, place))["hung_up"]
        if expected <= result.keys() or time.monotonic() > until:
            return {message: when for message, when in result.items() if message in expected}
        await asyncio.sleep(0.05)
