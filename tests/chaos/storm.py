"""A storm of calls against the farm: each alias has a failing model, then a healthy one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import msgspec
from msgspec import Struct

from chaos.farm import FAULTS, TEXT
from llmring import LLMRing, ProviderError

Mode = Literal["whole", "stream"]

DEADLINE_SECONDS = 3.0
STALL_SECONDS = 0.5
# How long a call may overrun its deadline on a machine that is busy with all the others.
GRACE_SECONDS = 1.0
SETTLE_SECONDS = 5.0

# These need no farm: a closed port, a port that accepts nothing, and a host that does not exist.
ELSEWHERE = ("refused", "deaf", "dns")
ALL_FAULTS = ("good", *ELSEWHERE, *(name for name in FAULTS if name != "good"))
# These need a connection that has been used before.
ON_KEPT_CONNECTIONS = frozenset({"half-open", "stale"})


class Place(Struct, frozen=True):
    """The farm's address, and its port that accepts no connections."""

    url: str
    deaf: int


class Outcome(Struct, kw_only=True):
    """The results of the calls under one fault.

    Attributes:
        fault: Name of the fault.
        mode: Whole answers or streams.
        requests: Number of calls.
        answered: Calls that were answered.
        failed_over: Answered calls that needed the second model.
        wrong: Answered calls with another text than the right one.
        late: Calls that ended after their deadline.
        seconds: Duration of each call.
        errors: Errors of the other calls, with their counts.
    """

    fault: str
    mode: Mode
    requests: int = 0
    answered: int = 0
    failed_over: int = 0
    wrong: int = 0
    late: int = 0
    seconds: list[float] = msgspec.field(default_factory=list)
    errors: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def p99(self) -> float:
        """99th percentile of the durations, in seconds."""
        if len(self.seconds) < 2:
            return sum(self.seconds)
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[-1]


@contextlib.contextmanager
def farm() -> Iterator[Place]:
    """Run a farm in a process of its own."""
    command = [sys.executable, "-m", "chaos.farm"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the farm has no pipes")
        ports = json.loads(process.stdout.readline())
        try:
            yield Place(f"http://127.0.0.1:{ports['port']}", ports["deaf"])
        finally:
            process.stdin.close()
            process.wait(10)


def tally(place: Place) -> dict[str, Any]:
    """Return what the farm has seen so far."""
    with urllib.request.urlopen(f"{place.url}/tally") as reply:  # noqa: S310  # loopback
        result: dict[str, Any] = json.load(reply)
    return result


def base_urls(place: Place) -> dict[str, str]:
    """Return the base URL of the model with each fault."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    return {
        **{fault: f"{place.url}/{fault}/v1" for fault in FAULTS},
        "refused": f"http://127.0.0.1:{nobody}/v1",
        "deaf": f"http://127.0.0.1:{place.deaf}/v1",
        "dns": "http://nowhere.invalid/v1",
    }


def lockfile(folder: Path, place: Place) -> Path:
    """Write a lockfile with an alias for each fault: the model that has it, then a good one."""
    lines = ['version = "1.0"', 'default_profile = "default"']
    urls = base_urls(place)
    for fault, url in urls.items():
        lines += [f'[providers.f-{fault}]\nkind = "openai"\nbase_url = "{url}"']
    lines += ["[profiles.default]"]
    for fault in urls:
        lines += [
            "[[profiles.default.bindings]]",
            f'alias = "{fault}"',
            f'models = ["f-{fault}:m", "f-good:second"]',
            f"stall_timeout = {STALL_SECONDS}",
        ]
    path = folder / "llmring.lock"
    path.write_text("\n".join(lines) + "\n")
    return path


async def call(ring: LLMRing, outcome: Outcome) -> None:
    """Make one call and count its result."""
    began = time.monotonic()
    try:
        if outcome.mode == "whole":
            answer = await ring.chat(outcome.fault, "Hi", timeout=DEADLINE_SECONDS)
            text, model = answer.content or "", answer.model
        else:
            text = model = ""
            async for chunk in ring.chat_stream(outcome.fault, "Hi", timeout=DEADLINE_SECONDS):
                text = chunk.delta if chunk.restart else text + chunk.delta
                model = chunk.model or model
    except ProviderError as error:
        kind = f"{type(error).__name__}: {str(error)[:300]}"
        outcome.errors[kind] = outcome.errors.get(kind, 0) + 1
    else:
        outcome.answered += 1
        outcome.wrong += text != TEXT
        outcome.failed_over += model == "f-good:second"
    seconds = time.monotonic() - began
    outcome.requests += 1
    outcome.late += seconds > DEADLINE_SECONDS + GRACE_SECONDS
    outcome.seconds.append(seconds)


async def fresh_storm(path: Path, fault: str, mode: Mode, requests: int, at_once: int) -> Outcome:
    """Make calls that all meet the fault: each wave has a new ring, without open circuits."""
    outcome = Outcome(fault=fault, mode=mode)
    while outcome.requests < requests:
        wave = min(at_once, requests - outcome.requests)
        async with LLMRing(path) as ring:
            if fault in ON_KEPT_CONNECTIONS:
                before = Outcome(fault=fault, mode=mode)
                await asyncio.gather(*(call(ring, before) for _ in range(wave)))
            await asyncio.gather(*(call(ring, outcome) for _ in range(wave)))
    return outcome


async def steady_storm(path: Path, fault: str, mode: Mode, requests: int, at_once: int) -> Outcome:
    """Make calls through one ring, whose circuit for the failing model opens after a while."""
    outcome = Outcome(fault=fault, mode=mode)
    left = itertools.repeat(None, requests)

    async def caller(ring: LLMRing) -> None:
        for _ in left:
            await call(ring, outcome)

    async with LLMRing(path) as ring:
        await asyncio.gather(*(caller(ring) for _ in range(at_once)))
    return outcome


@contextlib.contextmanager
def jumping_clock() -> Iterator[None]:
    """Make the wall clock jump by up to a day, back and forth, at each reading."""
    real = time.time
    rng = random.Random(7)

    def jumped() -> float:
        return real() + rng.uniform(-86400, 86400)

    def jumped_ns() -> int:
        return int(jumped() * 1e9)

    with mock.patch("time.time", jumped), mock.patch("time.time_ns", jumped_ns):
        yield


class Held(Struct, frozen=True):
    """The tasks and file descriptors of this process."""

    tasks: int
    descriptors: int

    @staticmethod
    def now() -> Held:
        """Count those of this moment, in the running loop."""
        return Held(len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())))


async def leaked(before: Held, place: Place) -> str | None:
    """Return what is still open after everything had time to end; None if nothing is.

    Args:
        before: What was open before the storm.
        place: The farm, which must be left without connections.
    """
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        now = Held.now()
        open_ = (await asyncio.to_thread(tally, place))["open"]
        if now.tasks <= before.tasks and now.descriptors <= before.descriptors and not open_:
            return None
        if time.monotonic() > until:
            return f"{before} became {now}; connections at the farm: {open_}"
        await asyncio.sleep(0.05)
