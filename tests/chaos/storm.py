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
SECOND = "second"
# How long a call may overrun its deadline on a machine that is busy with all the others.
GRACE_SECONDS = 1.0
SETTLE_SECONDS = 5.0

# These need no farm: a closed port, a port that accepts nothing, and a host that does not exist.
ELSEWHERE = ("refused", "deaf", "dns")
ALL_FAULTS = ("good", *ELSEWHERE, *(name for name in FAULTS if name != "good"))
# The APIs of the failing models. A URL chooses the fault of the first three; of the others, the
# name of the model.
APIS = ("chat", "responses", "messages", "gemini", "ollama")
_OWN = {
    "chat": 'kind = "openai"\nbase_url = "{}/v1"',
    "responses": 'kind = "openai"\nbase_url = "{}/responses/v1"\napi = "responses"',
    "messages": 'kind = "anthropic"\nbase_url = "{}/messages"',
}
_BY_MODEL = {"gemini": "google", "ollama": "ollama"}
# The failure of these can't be seen from outside: the same model answers on a new connection.
HIDDEN = frozenset({"good", "damaged", "stale"})
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
        api: The failing model's API; None for all of them in turn.
        mode: Whole answers or streams.
        begun: Number of calls begun.
        requests: Number of calls that have ended.
        answered: Calls that were answered.
        failed_over: Answered calls that needed the second model.
        wrong: Answered calls with another text than the right one.
        late: Calls that ended after their deadline.
        seconds: Duration of each call.
        errors: Errors of the other calls, with their counts.
    """

    fault: str
    mode: Mode
    api: str | None = None
    begun: int = 0
    requests: int = 0
    answered: int = 0
    failed_over: int = 0
    wrong: int = 0
    late: int = 0
    seconds: list[float] = msgspec.field(default_factory=list)
    errors: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def next_alias(self) -> str:
        """The alias for the next call."""
        apis = APIS if self.fault not in ELSEWHERE else tuple(_OWN)
        api = self.api or apis[self.begun % len(apis)]
        self.begun += 1
        return self.fault if api == "chat" else f"{self.fault}-{api}"

    @property
    def is_struck(self) -> bool:
        """True if the fault showed: the second model had to help, or nothing at all could."""
        return self.fault in HIDDEN or self.failed_over > 0

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
    """Write a lockfile with aliases for each fault and API: the model that has it, then a good one.

    The good one speaks another API than the first.
    """
    lines = ['version = "1.0"', 'default_profile = "default"']
    bindings: list[str] = []
    for api, provider in _BY_MODEL.items():
        lines += [f'[providers.{provider}]\nbase_url = "{place.url}/by-model/{api}"']
    for fault, url in base_urls(place).items():
        for api, table in _OWN.items():
            lines += [f"[providers.f-{fault}-{api}]", table.format(url.removesuffix("/v1"))]
            bindings += _binding(fault, api, f"f-{fault}-{api}:m")
        if fault not in ELSEWHERE:
            for api, provider in _BY_MODEL.items():
                bindings += _binding(fault, api, f"{provider}:{fault}")
    path = folder / "llmring.lock"
    path.write_text("\n".join([*lines, "[profiles.default]", *bindings]) + "\n")
    return path


def _binding(fault: str, api: str, model: str) -> list[str]:
    second = "messages" if api == "chat" else "chat"
    return [
        "[[profiles.default.bindings]]",
        f'alias = "{fault if api == "chat" else f"{fault}-{api}"}"',
        f'models = ["{model}", "f-good-{second}:{SECOND}"]',
        f"stall_timeout = {STALL_SECONDS}",
    ]


def ring_at(path: Path) -> LLMRing:
    """Build a ring with this lockfile, and the key that Google's API demands."""
    return LLMRing(path, environ={**os.environ, "GEMINI_API_KEY": "key-of-the-farm"})


async def call(ring: LLMRing, outcome: Outcome) -> None:
    """Make one call and count its result."""
    alias = outcome.next_alias
    began = time.monotonic()
    try:
        if outcome.mode == "whole":
            answer = await ring.chat(alias, "Hi", timeout=DEADLINE_SECONDS)
            text, model = answer.content or "", answer.model
        else:
            text = model = ""
            async for chunk in ring.chat_stream(alias, "Hi", timeout=DEADLINE_SECONDS):
                text = chunk.delta if chunk.restart else text + chunk.delta
                model = chunk.model or model
    except ProviderError as error:
        kind = f"{type(error).__name__}: {str(error)[:300]}"
        outcome.errors[kind] = outcome.errors.get(kind, 0) + 1
    else:
        outcome.answered += 1
        outcome.wrong += text != TEXT
        outcome.failed_over += model.endswith(f":{SECOND}")
    seconds = time.monotonic() - began
    outcome.requests += 1
    outcome.late += seconds > DEADLINE_SECONDS + GRACE_SECONDS
    outcome.seconds.append(seconds)


async def fresh_storm(
    path: Path, fault: str, mode: Mode, requests: int, at_once: int, api: str | None = None
) -> Outcome:
    """Make calls that all meet the fault: each wave has a new ring, without open circuits."""
    outcome = Outcome(fault=fault, mode=mode, api=api)
    while outcome.requests < requests:
        wave = min(at_once, requests - outcome.requests)
        async with ring_at(path) as ring:
            if fault in ON_KEPT_CONNECTIONS:
                before = Outcome(fault=fault, mode=mode, api=api)
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

    async with ring_at(path) as ring:
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


async def settled(quiet: float = 2.0) -> None:
    """Wait until what this process holds has not changed for some seconds."""
    held, since = Held.now(), time.monotonic()
    while time.monotonic() - since < quiet:
        await asyncio.sleep(0.05)
        if (now := Held.now()) != held:
            held, since = now, time.monotonic()


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
