"""The reading of a large lockfile that has changed, while calls go on, as JSON on stdout.

    python benchmarks/reload.py

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
from pathlib import Path

from llmring import LLMRing

PROFILES, ALIASES = 20, 500
EDITS = 7
CALLS_A_SECOND = 200
BEAT_SECONDS = 0.001
MODELS = '"mock:echo", "anthropic:claude-opus-4", "google:gemini-2.5-pro"'


def lockfile() -> str:
    """Return a lockfile whose aliases have three models each."""
    names = ["default", *(f"p{n}" for n in range(1, PROFILES))]
    return 'version = "1.0"\n' + "".join(
        f'[[profiles.{name}.bindings]]\nalias = "a{n}"\nmodels = [{MODELS}]\n'
        for name in names
        for n in range(ALIASES)
    )


class Beat:
    """A task that measures for how long the event loop does not run it.

    Attributes:
        longest: The most seconds so far.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        """Measure until it is cancelled."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.perf_counter()
            self.longest, last = max(self.longest, now - last - BEAT_SECONDS), now


async def edit(ring: LLMRing, path: Path, text: str, nth: int) -> tuple[float, float, float]:
    """Change a model of an alias.

    Returns:
        Seconds until calls go by the change, CPU seconds of all threads for the reading, and the
        longest time for which the event loop was held up.
    """
    model = f"mock:m{nth}"
    new = path.with_suffix(".new")
    new.write_text(text.replace('"a7"\nmodels = ["mock:echo"', f'"a7"\nmodels = ["{model}"'))
    # Old enough for its time to be trusted.
    os.utime(new, (nth + 1, nth + 1))
    new.replace(path)
    beat = Beat()
    beating = asyncio.create_task(beat.run())
    await asyncio.sleep(0)
    began, spent = time.perf_counter(), _reading_cpu()
    while ring.resolve_alias("a7") != model:
        await ring.chat("a1", "Hi")
        await asyncio.sleep(1 / CALLS_A_SECOND)
    swapped, spent = time.perf_counter() - began, _reading_cpu() - spent
    await asyncio.sleep(2 * BEAT_SECONDS)
    beating.cancel()
    return swapped, spent, beat.longest


def _reading_cpu() -> float:
    """Return the CPU seconds of the process but for those of this thread."""
    return time.process_time() - time.thread_time()


async def _all() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path, text = Path(folder) / "llmring.lock", lockfile()
        path.write_text(text)
        os.utime(path, (0, 0))
        async with LLMRing(path, environ={"LLMRING_LEDGER": "0"}) as ring:
            await ring.chat("a1", "Hi")
            edits = [await edit(ring, path, text, nth) for nth in range(EDITS)]
    swapped, spent, held = (statistics.median(each) for each in zip(*edits, strict=True))
    return {"swapped": swapped, "cpu": spent, "held": held}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_all())) + "\n")
