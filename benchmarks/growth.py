"""The growth of llmring's CPU cost with the size of a call, as JSON on stdout.

    python benchmarks/growth.py UPSTREAM_URL MOST

It runs in llmring's own environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from llmring import LLMRing

REPEAT_SECONDS = 0.2
LEAST_REPEATS = 3

Points = list[tuple[int, float]]


def counts(most: int) -> list[int]:
    """Return 1, 10, 100, and so on."""
    found = [1]
    while found[-1] < most:
        found.append(found[-1] * 10)
    return found


def ring(folder: Path, url: str, aliases: int = 1) -> LLMRing:
    """Build a ring whose lockfile binds this many aliases to a model at this URL."""
    os.environ.update(OPENAI_BASE_URL=f"{url}/v1", OPENAI_API_KEY="sk-none")
    path = folder / "llmring.lock"
    bindings = (
        f'[[profiles.default.bindings]]\nalias = "a{n}"\nmodels = ["openai:gpt-4o-mini"]\n'
        for n in range(aliases)
    )
    path.write_text('version = "1.0"\n' + "".join(bindings))
    return LLMRing(path)


async def cost(act: Callable[[], Awaitable[object]]) -> float:
    """Measure the CPU seconds of one run, as the median of several."""
    await act()
    spent: list[float] = []
    until = time.perf_counter() + REPEAT_SECONDS
    while len(spent) < LEAST_REPEATS or time.perf_counter() < until:
        began = time.process_time()
        await act()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


async def messages(folder: Path, url: str, sizes: Iterable[int]) -> Points:
    """Measure calls by their number of messages."""
    points: Points = []
    async with ring(folder, f"{url}/ok") as ours:
        for size in sizes:
            message = [
                {"role": "assistant" if n % 2 else "user", "content": f"message {n}"}
                for n in range(size)
            ]
            points.append((size, await cost(lambda message=message: ours.chat("a0", message))))  # type: ignore[misc]
    return points


async def tools(folder: Path, url: str, sizes: Iterable[int]) -> Points:
    """Measure calls by their number of tools."""
    points: Points = []
    async with ring(folder, f"{url}/ok") as ours:
        for size in sizes:
            offered = [
                {
                    "type": "function",
                    "function": {
                        "name": f"tool{n}",
                        "description": "Looks something up",
                        "parameters": {
                            "type": "object",
                            "properties": {"what": {"type": "string"}},
                            "required": ["what"],
                        },
                    },
                }
                for n in range(size)
            ]
            act = lambda offered=offered: ours.chat("a0", "Hi", tools=offered)  # noqa: E731
            points.append((size, await cost(act)))
    return points


async def chunks(folder: Path, url: str, sizes: Iterable[int]) -> Points:
    """Measure streams by their number of chunks."""
    points: Points = []
    for size in sizes:
        async with ring(folder, f"{url}/events-{size}") as ours:

            async def read(ours: LLMRing = ours) -> None:
                async for _ in ours.chat_stream("a0", "Hi"):
                    pass

            points.append((size, await cost(read)))
    return points


async def aliases(folder: Path, url: str, sizes: Iterable[int]) -> Points:
    """Measure reading a lockfile and resolving its last alias, by its number of aliases."""
    points: Points = []
    for size in sizes:
        ring(folder, f"{url}/ok", size)

        async def read(size: int = size) -> None:
            LLMRing(folder / "llmring.lock").resolve_alias(f"a{size - 1}")

        points.append((size, await cost(read)))
    return points


async def history(folder: Path, url: str, sizes: Iterable[int]) -> Points:
    """Measure calls one after the other through one ring with a ledger, by their number."""
    points: Points = []
    async with ring(folder, f"{url}/ok") as ours:
        await ours.chat("a0", "Hi")
        done, began = 0, time.process_time()
        for size in sizes:
            for _ in range(size - done):
                await ours.chat("a0", "Hi")
            done = size
            points.append((size, time.process_time() - began))
    return points


async def _all(url: str, most: int) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for measure in (messages, tools, chunks, aliases, history):
        with tempfile.TemporaryDirectory() as folder:
            found[measure.__name__] = await measure(Path(folder), url, counts(most))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_all(sys.argv[1], int(sys.argv[2])))) + "\n")
