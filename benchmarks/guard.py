"""A guard of the hottest paths, by counts that do not depend on the machine: `make guard`.

Counted are the calls of functions, Python's and C's, in this process, with `sys.setprofile`; and
for one warm call the files and functions of llmring's own, see `trace_call`. A limit is about a
tenth more than what the path takes; raise it here together with a change that needs more.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType

from processes import upstream
from trace_call import ring, traces

CALLS = 50
CHUNKS = 1000
LOOK_UPS = 200

# Functions called for a chat call, for a chunk of a stream and for a look-up, those of asyncio
# included; then what one warm call touches of llmring alone.
LIMITS = {
    "chat": 420,
    "chunk": 12,
    "resolve_alias": 50,
    "chat: files": 50,
    "chat: own functions": 350,
    "stream: files": 57,
    "stream: own functions": 650,
}


class Counter:
    """Counts the functions that are called while it is on, in all threads that begin meanwhile."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Counter:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        self.count += event in ("call", "c_call")


async def counted(act: Callable[[], Awaitable[object]]) -> int:
    """Count the functions that something calls."""
    await act()
    await act()
    with Counter() as counter:
        await act()
    return counter.count


async def counts(folder: Path, place: str) -> dict[str, float]:
    """Count what each path takes."""

    async def streamed(count: int) -> int:
        async with ring(folder, f"{place}/events-{count}/v1") as ours:

            async def read() -> None:
                async for _ in ours.chat_stream("a", "Hi"):
                    pass

            return await counted(read)

    async with ring(folder, f"{place}/ok/v1") as ours:

        async def chats() -> None:
            for _ in range(CALLS):
                await ours.chat("a", "Hi")

        async def look_ups() -> None:
            for _ in range(LOOK_UPS):
                ours.resolve_alias("a")

        return {
            "chat": await counted(chats) / CALLS,
            # Both include what a stream takes apart from its chunks.
            "chunk": (await streamed(2 * CHUNKS) - await streamed(CHUNKS)) / CHUNKS,
            "resolve_alias": await counted(look_ups) / LOOK_UPS,
        }


def paths(folder: Path, place: str) -> dict[str, float]:
    """Count the files and llmring's own functions on the path of one warm call."""
    found = asyncio.run(traces(folder, place))
    return {
        "chat: files": len(found["chat"].files),
        "chat: own functions": found["chat"].own_calls,
        "stream: files": len(found["stream"].files),
        "stream: own functions": found["stream"].own_calls,
    }


def main() -> int:
    """Count, print, and fail where a limit is passed."""
    with tempfile.TemporaryDirectory() as folder, upstream() as ports:
        place = f"http://127.0.0.1:{ports.first}"
        found = asyncio.run(counts(Path(folder), place)) | paths(Path(folder), place)
    passed = 0
    for name, count in found.items():
        over = count > LIMITS[name]
        passed += over
        mark = "TOO MANY" if over else "ok"
        sys.stdout.write(f"{name}: {count:.1f}, at most {LIMITS[name]:g}: {mark}\n")
    return 1 if passed else 0


if __name__ == "__main__":
    sys.exit(main())
