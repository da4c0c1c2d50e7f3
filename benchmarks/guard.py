"""Guards the three hottest paths by what does not depend on the machine: `make guard`.

Counted are the calls of functions, Python's and C's, in this process, as `sys.setprofile` tells
them. A limit is about half more than what the path takes; one that is passed by design is raised
here, together with the change.
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

from llmring import LLMRing

CALLS = 50
CHUNKS = 1000
LOOK_UPS = 200

# Counts of functions called: for a chat call, for a chunk of a stream, for a look-up.
LIMITS = {"chat": 1050, "chunk": 60, "resolve_alias": 90}


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
    """How many functions something calls."""
    await act()
    await act()
    with Counter() as counter:
        await act()
    return counter.count


def ring(folder: Path, url: str) -> LLMRing:
    """A ring with an alias whose model is at this URL and has a price."""
    path = folder / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "a"\n'
        'models = ["openai:gpt-4o-mini"]\n'
    )
    environ = {
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_BASE_URL": url,
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    return LLMRing(path, environ=environ)


async def counts(folder: Path, place: str) -> dict[str, float]:
    """What each path takes."""

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
            # What a stream takes beside its chunks is in both.
            "chunk": (await streamed(2 * CHUNKS) - await streamed(CHUNKS)) / CHUNKS,
            "resolve_alias": await counted(look_ups) / LOOK_UPS,
        }


def main() -> int:
    """Count, print, and fail where a limit is passed."""
    with tempfile.TemporaryDirectory() as folder, upstream() as ports:
        found = asyncio.run(counts(Path(folder), f"http://127.0.0.1:{ports.first}"))
    passed = 0
    for name, count in found.items():
        over = count > LIMITS[name]
        passed += over
        mark = "TOO MANY" if over else "ok"
        sys.stdout.write(f"{name}: {count:.1f} function calls, at most {LIMITS[name]:g}: {mark}\n")
    return 1 if passed else 0


if __name__ == "__main__":
    sys.exit(main())
