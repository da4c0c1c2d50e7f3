"""The part that all clients share: jobs from stdin, calls, and their costs to stdout.

It runs in each client's own environment, and needs nothing but Python.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

Job = dict[str, Any]
Told = dict[str, Any]
Ask = Callable[[], Awaitable[str]]
AskBlocking = Callable[[], str]

WARM_CALLS = 3
WARM_SECONDS = 0.1
PAGE_BYTES = 4096


class Opened(NamedTuple):
    """A client that is ready.

    Attributes:
        chat: Requests an answer and returns its text.
        stream: Requests a stream and returns its joined text.
        close: Closes the client.
        settled: Waits for work that continues after a call and belongs to its cost.
    """

    chat: Ask
    stream: Ask
    close: Callable[[], Awaitable[object]]
    settled: Callable[[], Awaitable[object]] | None = None


class Pair(NamedTuple):
    """A client of two models.

    Attributes:
        both: Calls the first model, and the second one if that fails.
        second: Calls only the second one.
        close: Closes the client.
    """

    both: Ask
    second: Ask
    close: Callable[[], Awaitable[object]]


class Blocking(NamedTuple):
    """A synchronous client that is ready; see `Opened`."""

    chat: AskBlocking
    stream: AskBlocking
    close: Callable[[], object]
    settled: Callable[[], object] | None = None


Open = Callable[[str], Opened]
OpenBlocking = Callable[[str], Blocking]
OpenPair = Callable[[str, str], Pair]


def serve(
    version: str, opened: Open, pair: OpenPair | None = None, blocking: OpenBlocking | None = None
) -> None:
    """Run one job after the other until stdin closes.

    Args:
        version: The client's version.
        opened: Prepares the client to call a model at a base URL.
        pair: Prepares it to call the first of two models that answers, with default settings.
        blocking: Prepares the library's synchronous client to call a model at a base URL.
    """
    _keep_stdout()
    _tell({"version": version, "fails_over": pair is not None, "blocks": blocking is not None})
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            job = json.loads(line)
            try:
                if job.get("blocking"):
                    result = _done_blocking(job, blocking)
                else:
                    result = runner.run(_done(job, opened, pair))
            except Exception as error:  # noqa: BLE001  # any error fails the job
                result = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
            _tell(result)


def _keep_stdout() -> None:
    """Keep stdout for results; what libraries log there goes to stderr."""
    results = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = os.fdopen(results, "w")


def _tell(result: Told) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


async def _done(job: Job, opened: Open, pair: OpenPair | None) -> Told:
    match job["do"]:
        case "first":
            return await _first(job, opened)
        case "calls":
            return await _calls(job, opened)
        case "count":
            return await _counted(job, opened)
        case "held":
            return await _held(job, opened)
        case "failover" if pair is not None:
            return await _failovers(job, pair)
        case what:
            return {"error": f"can't do {what}"}


def _done_blocking(job: Job, opened: OpenBlocking | None) -> Told:
    match job["do"]:
        case "calls" if opened is not None:
            return _blocking_calls(job, opened)
        case "count" if opened is not None:
            return _blocking_counted(job, opened)
        case what:
            return {"error": f"can't do {what} without an event loop"}


async def _first(job: Job, opened: Open) -> Told:
    """Measure the CPU from the start of the process to the first answer."""
    client = opened(job["url"])
    text = await client.chat()
    cpu = time.process_time()
    await client.close()
    return {"cpu": cpu, "wrong": int(text != job["text"])}


async def _calls(job: Job, opened: Open) -> Told:
    """Make calls for a time, a number of them at once, and measure their cost."""
    client = opened(job["url"])
    ask = client.stream if job["stream"] else client.chat
    wrong, done = await _wave(ask, job, WARM_SECONDS, WARM_CALLS if job["at_once"] == 1 else 1)
    if client.settled is not None:
        await client.settled()
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    wrong_, done = await _wave(ask, job, job["seconds"], 1)
    wall_end = time.perf_counter()
    if client.settled is not None:
        await client.settled()
    cpu_end = time.process_time()
    await client.close()
    return {"calls": done, "cpu": cpu_end - cpu, "wall": wall_end - wall, "wrong": wrong + wrong_}


async def _wave(ask: Ask, job: Job, seconds: float, least: int) -> tuple[int, int]:
    """Count the wrong answers, and all answers, of some seconds."""
    until = time.perf_counter() + seconds
    text = job["text"]
    wrong = done = 0

    async def one_after_the_other() -> None:
        nonlocal wrong, done
        mine = 0
        while mine < least or time.perf_counter() < until:
            wrong += await ask() != text
            done += 1
            mine += 1

    if job["at_once"] == 1:
        await one_after_the_other()
    else:
        await asyncio.gather(*(one_after_the_other() for _ in range(job["at_once"])))
    return wrong, done


async def _counted(job: Job, opened: Open) -> Told:
    """Make so many calls, one after the other."""
    client = opened(job["url"])
    ask = client.stream if job["stream"] else client.chat
    wrong = sum([await ask() != job["text"] for _ in range(job["calls"])])
    if client.settled is not None:
        await client.settled()
    await client.close()
    return {"calls": job["calls"], "wrong": wrong}


def _blocking_calls(job: Job, opened: OpenBlocking) -> Told:
    """Make synchronous calls for a time, one after the other, and measure their cost."""
    client = opened(job["url"])
    ask = client.stream if job["stream"] else client.chat
    wrong, done = _blocking_wave(ask, job["text"], WARM_SECONDS, WARM_CALLS)
    if client.settled is not None:
        client.settled()
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    wrong_, done = _blocking_wave(ask, job["text"], job["seconds"], 1)
    wall_end = time.perf_counter()
    if client.settled is not None:
        client.settled()
    cpu_end = time.process_time()
    client.close()
    return {"calls": done, "cpu": cpu_end - cpu, "wall": wall_end - wall, "wrong": wrong + wrong_}


def _blocking_wave(ask: AskBlocking, text: str, seconds: float, least: int) -> tuple[int, int]:
    """Count the wrong answers, and all answers, of some seconds."""
    until = time.perf_counter() + seconds
    wrong = done = 0
    while done < least or time.perf_counter() < until:
        wrong += ask() != text
        done += 1
    return wrong, done


def _blocking_counted(job: Job, opened: OpenBlocking) -> Told:
    """Make so many synchronous calls, one after the other."""
    client = opened(job["url"])
    ask = client.stream if job["stream"] else client.chat
    wrong = sum([ask() != job["text"] for _ in range(job["calls"])])
    if client.settled is not None:
        client.settled()
    client.close()
    return {"calls": job["calls"], "wrong": wrong}


async def _held(job: Job, opened: Open) -> Told:
    """Measure the memory of calls that wait for their answers."""
    ready = opened(job["ready_url"])
    for _ in range(WARM_CALLS):
        await ready.chat()
    await ready.close()
    await _control(job["control"], "keep")
    client = opened(job["url"])
    gc.collect()
    before = _resident()
    tasks = [asyncio.ensure_future(client.chat()) for _ in range(job["at_once"])]
    until = time.perf_counter() + job["patience"]
    held = 0
    while held < job["at_once"] and time.perf_counter() < until:
        await asyncio.sleep(0.1)
        held = json.loads(await _control(job["control"], "held"))
    after = _resident()
    await _control(job["control"], "release")
    _, late = await asyncio.wait(tasks, timeout=job["patience"])
    await client.close()
    if late:
        return {"error": f"{len(late)} of {job['at_once']} calls never ended"}
    if not held:
        return {"error": "no call arrived"}
    return {"bytes": (after - before) / held, "held": held}


async def _failovers(job: Job, pair: OpenPair) -> Told:
    """Measure calls whose first model fails, and calls to the second one alone, in ms."""
    failing: list[float] = []
    alone: list[float] = []
    wrong = 0
    until = time.perf_counter() + job["seconds"]
    while not failing or (time.perf_counter() < until and len(failing) < job["most"]):
        # A new client each time, which does not know yet that the model is down.
        client = pair(job["first"], job["second"])
        await _control(job["control"], "turn/ok")
        for ask in (client.second, client.both, client.second, client.both):
            await ask()
        alone.append(await _milliseconds(client.second, job))
        await _control(job["control"], f"turn/{job['fault']}")
        failing.append(await _milliseconds(client.both, job))
        wrong += await client.second() != job["text"]
        await client.close()
    return {"failing": failing, "alone": alone, "wrong": wrong}


async def _milliseconds(ask: Ask, job: Job) -> float:
    began = time.perf_counter()
    text = await ask()
    took = time.perf_counter() - began
    if text != job["text"]:
        raise ValueError(f"a wrong answer: {text[:80]!r}")
    return took * 1000


async def _control(port: int, what: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /{what} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0])
    body = await reader.readexactly(length)
    writer.close()
    return body


def _resident() -> int:
    """Return the bytes of memory that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
