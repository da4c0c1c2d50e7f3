"""A gateway under streams and calls for a long time: its memory, its connections and its answers.

    python benchmarks/gateway_soak.py --minutes 30 --save docs/reliability.md

STREAMS clients ask for one stream after the other, each of 60 pieces with a pause between them;
half of them are relayed and half translated. RATE calls a second ask for whole answers, and one in
ten leaves before its answer. It exits with 1 if an answer was not whole, if the memory has grown by
more than a tenth since the first third of the time, or if a connection is left open at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gateways.llmring import start
from gateways.running import Alias, Config, Model
from processes import upstream
from section import replace

from llmring import __version__
from llmring.clock import SYSTEM

_PIECES = 60
_LEAVES_EVERY = 10
_SAMPLES = 60
_MOST_GROWTH = 1.10
_WARM_SECONDS = 2.0
_KIB = 1024


class Sample(NamedTuple):
    """The state of a process at a moment."""

    mebibytes: float
    descriptors: int
    threads: int


class Soak(NamedTuple):
    """What a run has found.

    Attributes:
        minutes: Its length.
        outcomes: The ways in which the calls of the clients have ended.
        settled_for: Seconds for which the gateway could close its idle connections; 0 not to check
            that it has.
        before: The state of the gateway before.
        samples: Its states in the run.
        after: Its state at the end.
    """

    minutes: float
    outcomes: Counter[str]
    settled_for: float
    before: Sample
    samples: list[Sample]
    after: Sample

    @property
    def settled(self) -> float:
        """The most memory in the first third of the run, in MiB."""
        return max(each.mebibytes for each in self.samples[: max(1, len(self.samples) // 3)])

    @property
    def last(self) -> float:
        """The most memory in the last third of the run, in MiB."""
        return max(each.mebibytes for each in self.samples[-max(1, len(self.samples) // 3) :])

    def faults(self) -> list[str]:
        """Return what is wrong."""
        found = [
            f"{n} x {what}"
            for what, n in self.outcomes.items()
            if what != "left" and not what.startswith("whole")
        ]
        if self.last > _MOST_GROWTH * self.settled:
            found.append(f"memory has grown from {self.settled:.0f} to {self.last:.0f} MiB")
        if self.settled_for and self.after.descriptors > self.before.descriptors + 2:
            found.append(f"{self.after.descriptors - self.before.descriptors} descriptors are left")
        return found


def sample(pid: int) -> Sample:
    """Read the state of a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(int(status["VmRSS"].split()[0]) / _KIB, descriptors, int(status["Threads"]))


def _request(alias: str, *, stream: bool) -> bytes:
    asked = {"model": alias, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]}
    body = json.dumps(asked).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer any\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Clients:
    """The clients of a run.

    Args:
        port: The port of the gateway.
        until: The end, in seconds of `time.monotonic`.

    Attributes:
        outcomes: The ways in which their calls have ended.
    """

    def __init__(self, port: int, until: float) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._until = until

    async def stream(self, alias: str) -> None:
        """Ask for one stream after the other, over one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while time.monotonic() < self._until:
            writer.write(_request(alias, stream=True))
            answer = await reader.readuntil(b"\r\n0\r\n\r\n")
            self._count(alias, answer, b"data: [DONE]")
        await _closed(writer)

    async def call(self, number: int) -> None:
        """Ask for a whole answer, or leave before it."""
        alias = ("relayed", "translated")[number % 2]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(_request(alias + "-at-once", stream=False))
        if number % _LEAVES_EVERY == 0:
            await _closed(writer)
            self.outcomes["left"] += 1
            return
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r")[0])
        self._count(alias, head + await reader.readexactly(length), b'"finish_reason"')
        await _closed(writer)

    def _count(self, alias: str, answer: bytes, end: bytes) -> None:
        is_whole = answer.startswith(b"HTTP/1.1 200") and end in answer
        self.outcomes[f"whole, {alias}" if is_whole else answer[:160].decode("latin-1")] += 1

    async def calls(self, rate: float) -> None:
        """Begin so many calls a second."""
        number, begun = 0, time.monotonic()
        async with asyncio.TaskGroup() as group:
            while (now := time.monotonic()) < self._until:
                while number <= rate * (now - begun):
                    group.create_task(self._guarded(self.call(number)))
                    number += 1
                await asyncio.sleep(1 / rate)

    async def streams(self, count: int) -> None:
        """Keep so many streams running."""
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                alias = ("relayed", "translated")[number % 2]
                group.create_task(self._guarded(self.stream(alias)))
                await asyncio.sleep(0.002)

    async def _guarded(self, call: object) -> None:
        try:
            await call  # type: ignore[misc]
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            self.outcomes[type(error).__name__] += 1


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _watched(pid: int, until: float, samples: list[Sample]) -> None:
    step = max(0.2, (until - time.monotonic()) / _SAMPLES)
    while time.monotonic() < until:
        await asyncio.sleep(step)
        samples.append(sample(pid))


async def _run(
    port: int, pid: int, seconds: float, streams: int, rate: float, settle: float
) -> Soak:
    warm = _Clients(port, time.monotonic() + _WARM_SECONDS)
    await warm.calls(rate)
    before = sample(pid)
    until = time.monotonic() + seconds
    clients, samples = _Clients(port, until), list[Sample]()
    await asyncio.gather(
        clients.streams(streams), clients.calls(rate), _watched(pid, until, samples)
    )
    settled = time.monotonic() + settle
    while sample(pid).descriptors > before.descriptors and time.monotonic() < settled:
        await asyncio.sleep(0.2)
    return Soak(seconds / 60, clients.outcomes, settle, before, samples, sample(pid))


def soak(
    seconds: float, streams: int, rate: float, home: Path, *, pause: int, settle: float
) -> Soak:
    """Run a gateway under load.

    Args:
        seconds: The time.
        streams: Streams that run at any time.
        rate: Calls a second.
        home: A folder for the gateway's files.
        pause: Milliseconds between two pieces of a stream.
        settle: Seconds to wait for the gateway to close its idle connections; 0 not to check it.
    """
    with upstream() as ports:
        slow, fast = (
            ports.url(what).removesuffix("/v1") for what in (f"paced-{_PIECES}-{pause}", "ok")
        )
        models = {
            "relayed": Model("chat", slow, "m"),
            "translated": Model("messages", slow, "m"),
            "relayed-at-once": Model("chat", fast, "m"),
            "translated-at-once": Model("messages", fast, "m"),
        }
        aliases = tuple(Alias(name, (model,)) for name, model in models.items())
        config = Config(aliases, stall=30.0, deadline=120.0)
        with start(config, Path("none"), home) as gateway:
            port = urlsplit(gateway.urls["chat"]).port or 0
            return asyncio.run(_run(port, gateway.process.pid, seconds, streams, rate, settle))


def section(found: Soak, streams: int, rate: float) -> str:
    """Return the section of the page."""
    counts = found.outcomes
    rows = [
        ("Minutes", f"{found.minutes:.0f}"),
        ("Streams at any time; calls a second", f"{streams:,}; {rate:g}"),
        ("Streams and calls, relayed", f"{counts['whole, relayed']:,}"),
        ("Streams and calls, translated", f"{counts['whole, translated']:,}"),
        ("Clients that left before their answer", f"{counts['left']:,}"),
        ("Answers that were not whole", f"{_faulty(counts):,}"),
        ("Memory in the first and in the last third, at most", _memory(found)),
        ("Descriptors before and after", f"{found.before.descriptors}; {found.after.descriptors}"),
        ("Threads before and after", f"{found.before.threads}; {found.after.threads}"),
    ]
    head = f"`make soak`: llmring {__version__}, on {SYSTEM.now():%Y-%m-%d}, one worker."
    return "\n".join(
        [head, "", "| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows)]
    )


def _faulty(counts: Counter[str]) -> int:
    return sum(n for what, n in counts.items() if what != "left" and not what.startswith("whole"))


def _memory(found: Soak) -> str:
    return f"{found.settled:.0f} MiB; {found.last:.0f} MiB"


def main() -> int:
    """Run the gateway, and print or save what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--pause", type=int, default=500, help="ms between pieces")
    # Idle connections to a provider are kept for a while.
    parser.add_argument("--settle", type=float, default=90.0)
    parser.add_argument("--save", type=Path, help="the page to write to")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = soak(
            60 * args.minutes,
            args.streams,
            args.rate,
            Path(folder),
            pause=args.pause,
            settle=args.settle,
        )
    text = section(found, args.streams, args.rate)
    if args.save is None:
        print(text)  # noqa: T201 -- the result
    else:
        replace(args.save, "soak", text)
    faults = found.faults()
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201 -- the reason of the exit code
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
