"""The part that all clients of the comparison share: jobs from stdin, calls, results to stdout.

It runs in each client's own environment, and needs only the standard library.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

# A client that does not keep its own deadline is stopped this much later.
GRACE_SECONDS = 2.0

Job = dict[str, Any]
"""`urls` (the base URL of the model with each fault, and of `good`), `fault`, `stream`,
`requests`, `at_once`, `timeout` (seconds for one attempt), `stall` (seconds without a byte),
`deadline` (seconds for a call), `text` (the right answer), `warm` (true if connections must have
been used before)."""

Ask = Callable[[], Awaitable[str]]
Opened = tuple[Ask, Callable[[], Awaitable[object]]]


def serve(client: str, version: str, opened: Callable[[Job], Opened]) -> None:
    """Run one job after the other until stdin closes.

    Args:
        client: Its name.
        version: Its version.
        opened: Prepares the client for a wave of calls; returns a function that makes one call,
            and one that closes the client.
    """
    sys.stdout.write(json.dumps({"client": client, "version": version}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        result = asyncio.run(_done(json.loads(line), opened))
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


async def _done(job: Job, opened: Callable[[Job], Opened]) -> dict[str, Any]:
    result: dict[str, Any] = {"right": 0, "wrong": 0, "failed": 0, "late": 0, "errors": {}}
    left = job["requests"]
    while left > 0:
        wave = min(left, job["at_once"])
        ask, close = opened(job)
        if job["warm"]:
            await asyncio.gather(*(_call(ask, job, {**result, "errors": {}}) for _ in range(wave)))
        await asyncio.gather(*(_call(ask, job, result) for _ in range(wave)))
        await close()
        left -= wave
    return result


async def _call(ask: Ask, job: Job, result: dict[str, Any]) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(job["deadline"] + GRACE_SECONDS):
            text = await ask()
    except Exception as error:  # noqa: BLE001  # any error is a failed call
        result["failed"] += 1
        kind = f"{type(error).__name__}: {str(error)[:150]}"
        result["errors"][kind] = result["errors"].get(kind, 0) + 1
    else:
        result["right" if text == job["text"] else "wrong"] += 1
    result["late"] += time.monotonic() - began > job["deadline"] + GRACE_SECONDS / 2
