"""The path of one warm call: files and functions touched, and CPU against raw aiohttp.

    python benchmarks/trace_call.py [--cpu] [--list]

`make trace` runs it. Functions are those of Python and of C, counted with `sys.setprofile` in the
thread that calls; `--list` names llmring's own. `--cpu` also measures the CPU of a call next to
`aiohttp + json` in the same process, and of synchronous calls and chunks next to asynchronous ones,
all threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp
from processes import upstream

import llmring
from llmring import LLMRing

PACKAGE = str(Path(llmring.__file__).parent) + "/"
WARM_UP = 10
STREAMED_EVENTS = 10
WAVE_CALLS = 300
WAVES = 30
SYNC_WAVES = 10
MANY_EVENTS = 1000
STREAMS = 10

Act = Callable[[], Awaitable[object]]


class Trace:
    """The functions that are called while it is on, in this thread.

    Attributes:
        total: Calls of functions, Python's and C's.
        own: llmring's own functions: how often each is called, by file and name.
        own_c: Calls of C functions by llmring's own.
    """

    def __init__(self) -> None:
        self.total = 0
        self.own: Counter[tuple[str, str]] = Counter()
        self.own_c = 0

    def __enter__(self) -> Trace:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        del argument
        if event not in ("call", "c_call"):
            return
        self.total += 1
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE):
            if event == "call":
                self.own[code.co_filename.removeprefix(PACKAGE), code.co_qualname] += 1
            else:
                self.own_c += 1

    @property
    def files(self) -> list[str]:
        """The files of llmring in which something is called, sorted."""
        return sorted({file for file, _ in self.own})

    @property
    def own_calls(self) -> int:
        """Calls of llmring's own functions, and of C functions by them."""
        return self.own.total() + self.own_c

    def __str__(self) -> str:
        return (
            f"{len(self.files)} files, {self.own_calls} functions of llmring's own "
            f"({self.own.total()} Python, {self.own_c} C), {self.total} with aiohttp and asyncio"
        )


async def traced(act: Act) -> Trace:
    """Trace something that has been done a few times before."""
    for _ in range(WARM_UP):
        await act()
    with Trace() as trace:
        await act()
    return trace


def ring(folder: Path, url: str) -> LLMRing:
    """Build a ring with an alias whose model is at this URL and has a price."""
    path = folder / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "a"\n'
        'models = ["openai:gpt-4o-mini"]\n'
    )
    # A file that has just been written is read again, in case another write followed.
    os.utime(path, (0, 0))
    environ = {
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_BASE_URL": url,
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    return LLMRing(path, environ=environ)


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Act]:
    """Give a call as it is written by hand with aiohttp and json."""
    headers = {"authorization": "Bearer sk-none", "content-type": "application/json"}
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> Any:
            body = json.dumps(request).encode()
            place = f"{url}/chat/completions"
            async with session.post(place, data=body, headers=headers) as response:
                found = json.loads(await response.read())
                return found["choices"][0]["message"]["content"]

        yield call


async def traces(folder: Path, place: str) -> dict[str, Trace]:
    """Trace a call by hand, a whole chat and a streamed one."""
    async with raw(f"{place}/ok/v1") as call:
        found = {"aiohttp + json": await traced(call)}
    async with ring(folder, f"{place}/ok/v1") as ours:

        async def chat() -> None:
            await ours.chat("a", "Hi")

        found["chat"] = await traced(chat)
    async with ring(folder, f"{place}/events-{STREAMED_EVENTS}/v1") as ours:

        async def stream() -> None:
            async for _ in ours.chat_stream("a", "Hi"):
                pass

        found["stream"] = await traced(stream)
    return found


async def cpu(folder: Path, place: str) -> tuple[float, float]:
    """Measure the CPU of a call by hand and of a chat, in microseconds; waves of both alternate."""

    async def wave(act: Act) -> float:
        began = time.process_time()
        for _ in range(WAVE_CALLS):
            await act()
        return (time.process_time() - began) / WAVE_CALLS * 1e6

    url = f"{place}/ok/v1"
    async with raw(url) as call, ring(folder, url) as ours:

        async def chat() -> None:
            await ours.chat("a", "Hi")

        floor, chats = [], []
        await wave(call)
        await wave(chat)
        for _ in range(WAVES):
            floor.append(await wave(call))
            chats.append(await wave(chat))
    return statistics.median(floor), statistics.median(chats)


async def asynchronous_cpu(folder: Path, url: str, calls: int) -> float:
    """Measure the CPU of a call, in microseconds; a stream if the server sends events."""
    found = []
    async with ring(folder, url) as ours:
        for _ in range(SYNC_WAVES):
            began = time.process_time()
            for _ in range(calls):
                if "events" in url:
                    async for _ in ours.chat_stream("a", "Hi"):
                        pass
                else:
                    await ours.chat("a", "Hi")
            found.append((time.process_time() - began) / calls * 1e6)
    return statistics.median(found[1:])


def synchronous_cpu(folder: Path, url: str, calls: int) -> float:
    """Measure the CPU of a synchronous call; otherwise as `asynchronous_cpu`."""
    found = []
    with ring(folder, url) as ours:
        for _ in range(SYNC_WAVES):
            began = time.process_time()
            for _ in range(calls):
                if "events" in url:
                    for _ in ours.chat_stream("a", "Hi"):
                        pass
                else:
                    ours.chat("a", "Hi").result()
            found.append((time.process_time() - began) / calls * 1e6)
    return statistics.median(found[1:])


def compared(folder: Path, place: str) -> str:
    """Compare synchronous calls and chunks with asynchronous ones."""
    whole, events = f"{place}/ok/v1", f"{place}/events-{MANY_EVENTS}/v1"
    call = synchronous_cpu(folder, whole, WAVE_CALLS)
    chunk = synchronous_cpu(folder, events, STREAMS) / MANY_EVENTS
    by_call = call / asyncio.run(asynchronous_cpu(folder, whole, WAVE_CALLS))
    by_chunk = chunk * MANY_EVENTS / asyncio.run(asynchronous_cpu(folder, events, STREAMS))
    return (
        f"synchronous: {call:.0f} µs a chat, {by_call:.2f} times an asynchronous one; "
        f"{chunk:.2f} µs a chunk, {by_chunk:.2f} times"
    )


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="measure CPU too")
    parser.add_argument("--list", action="store_true", help="name the functions")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, upstream() as ports:
        place = f"http://127.0.0.1:{ports.first}"
        for name, trace in asyncio.run(traces(Path(folder), place)).items():
            sys.stdout.write(f"{name}: {trace}\n")
            if wanted.list:
                for (file, function), count in trace.own.items():
                    sys.stdout.write(f"    {count:3}  {file}  {function}\n")
        if wanted.cpu:
            floor, ours = asyncio.run(cpu(Path(folder), place))
            sys.stdout.write(
                f"cpu: {ours:.0f} µs a chat, {floor:.0f} µs by aiohttp + json, "
                f"{ours / floor:.2f} times\n"
            )
            sys.stdout.write(f"{compared(Path(folder), place)}\n")


if __name__ == "__main__":
    main()
