"""The measures and their order: in each round, every measure of every client."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from peers import OURS, Peer, python
from processes import HERE, Client, Ports, Told, run
from texts import ANSWER, EVENTS, pieces

AT_ONCE = (8, 64, 512)
MANY = AT_ONCE[-1]
FAULTS = ("500", "429", "reset")
# Clients that wait out their retries are measured once.
MOST_FAILOVERS = 20
HELD_SECONDS = 20.0
# Some clients send no more requests than their connection pool holds.
ENOUGH = 0.9
STARTS_A_ROUND = 3
PROBE = "\nimport pathlib; print(pathlib.Path('/proc/self/statm').read_text().split()[1])"
PAGE_MB = 4096 / 1e6

Figures = dict[str, list[float]]
"""By measure, a list with one figure per round."""


class Wave(NamedTuple):
    """Calls of one kind.

    Attributes:
        what: The behaviour of the upstream.
        stream: True for streams.
        at_once: Number of calls at the same time.
        blocking: True for synchronous calls.
    """

    what: str = "ok"
    stream: bool = False
    at_once: int = 1
    blocking: bool = False

    @property
    def measure(self) -> str:
        """Name the figure of CPU."""
        kind = f"stream {self.what}" if self.stream else f"at {self.at_once}"
        return f"sync {kind}" if self.blocking else kind


WAVES = (
    Wave(),
    Wave(blocking=True),
    Wave(stream=True),
    Wave(stream=True, blocking=True),
    Wave("apart", stream=True),
    Wave("apart", stream=True, blocking=True),
    *(Wave(at_once=count) for count in AT_ONCE),
)


class Results:
    """The results of a run.

    Attributes:
        figures: By client, by measure.
        errors: By client, by measure: why the figure is missing.
        versions: By client.
        growth: CPU seconds by what grows, by its number.
    """

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.errors: dict[str, dict[str, str]] = {}
        self.versions: dict[str, str] = {}
        self.growth: dict[str, dict[int, list[float]]] = {}

    def add(self, name: str, measure: str, figure: float) -> None:
        """Add a figure of one round."""
        self.figures.setdefault(name, {}).setdefault(measure, []).append(figure)

    def failed(self, name: str, measure: str, why: str) -> None:
        """Record why a figure is missing."""
        self.errors.setdefault(name, {})[measure] = why
        sys.stderr.write(f"{name}: {measure}: {why}\n")

    def as_json(self) -> dict[str, Any]:
        """Return all results, for a file."""
        return vars(self)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Results:
        """Restore what `as_json` returned."""
        results = cls()
        vars(results).update(kept)
        results.growth = {
            what: {int(count): each for count, each in points.items()}
            for what, points in results.growth.items()
        }
        return results


def starts(results: Results, peers: Iterable[Peer], folder: Path, home: Path) -> None:
    """Measure each statement's import time and memory, and the command line's time."""
    wanted = [
        (peer.name, statement, python(folder / peer.environment))
        for peer in peers
        for statement in ("pass", *peer.imports)
        if peer.imports
    ]
    for _ in range(STARTS_A_ROUND):
        for name, statement, interpreter in wanted:
            try:
                ended = run([str(interpreter), "-c", statement + PROBE], home)
            except RuntimeError as error:
                results.failed(name, statement, str(error))
                continue
            results.add(name, f"wall {statement}", ended.wall)
            results.add(name, f"cpu {statement}", ended.cpu)
            results.add(name, f"rss {statement}", int(ended.out) * PAGE_MB)
        if any(peer.name == OURS for peer in peers):
            _command_line(results, folder / "llmring", home)


def _command_line(results: Results, place: Path, home: Path) -> None:
    # With the lockfile that comes with llmring.
    plain = run([str(python(place)), "-c", "pass"], home)
    ours = run([str(place / "bin" / "llmring"), "aliases"], home)
    results.add(OURS, "cli pass", plain.wall)
    results.add(OURS, "cli aliases", ours.wall)


def round_(
    results: Results,
    peers: Sequence[Peer],
    folder: Path,
    home: Path,
    ports: Ports,
    seconds: float,
) -> None:
    """Run one round: each measure, of each client in turn."""
    clients: dict[str, Client] = {}
    try:
        for peer in peers:
            _hold(results, peer, folder, home, ports)
            clients[peer.name] = _begun(results, peer, folder, home, ports)
        for wave in WAVES:
            for name, client in clients.items():
                if wave.blocking and not client.about.get("blocks"):
                    continue
                result = client.do(
                    do="calls",
                    url=ports.url(wave.what),
                    text="".join(pieces(EVENTS)) if wave.stream else ANSWER,
                    stream=wave.stream,
                    at_once=wave.at_once,
                    blocking=wave.blocking,
                    seconds=seconds,
                )
                _note(results, name, wave, result)
        for fault in FAULTS:
            for name, client in clients.items():
                if client.about.get("fails_over"):
                    _fail_over(results, name, client, ports, fault, seconds)
    finally:
        for client in clients.values():
            client.close()


def _begun(results: Results, peer: Peer, folder: Path, home: Path, ports: Ports) -> Client:
    """Start a client and get its first answer."""
    client = Client(python(folder / peer.environment), peer.command, home)
    results.versions[peer.name] = client.about.get("version", "")
    result = client.do(do="first", url=ports.url("ok"), text=ANSWER)
    if "error" in result:
        results.failed(peer.name, "first", result["error"])
        return client
    results.add(peer.name, "first", result["cpu"] * 1000)
    return client


def _hold(results: Results, peer: Peer, folder: Path, home: Path, ports: Ports) -> None:
    """Measure the memory of waiting calls, in a separate process to keep other heaps clean."""
    client = Client(python(folder / peer.environment), peer.command, home)
    result = client.do(
        do="held",
        url=ports.url("hold"),
        ready_url=ports.url("ok"),
        at_once=MANY,
        patience=HELD_SECONDS,
        control=ports.second,
    )
    if "error" in result:
        results.failed(peer.name, "held", result["error"])
    elif result["held"] < ENOUGH * MANY:
        results.failed(peer.name, "held", f"at most {result['held']} calls at a time")
    else:
        results.add(peer.name, "held", result["bytes"] / 1000)
    client.close()


def _note(results: Results, name: str, wave: Wave, result: Told) -> None:
    if result.get("wrong"):
        result = {"error": f"{result['wrong']} wrong answers"}
    if "error" in result:
        results.failed(name, wave.measure, result["error"])
        return
    share = result["calls"] * (EVENTS if wave.stream else 1)
    results.add(name, wave.measure, result["cpu"] / share * 1e6)
    if not wave.stream and not wave.blocking:
        results.add(name, f"rate {wave.at_once}", result["calls"] / result["wall"])


def _fail_over(
    results: Results, name: str, client: Client, ports: Ports, fault: str, seconds: float
) -> None:
    result = client.do(
        do="failover",
        first=ports.url("turned"),
        second=f"http://127.0.0.1:{ports.second}/ok/v1",
        control=ports.second,
        fault=fault,
        most=MOST_FAILOVERS,
        seconds=seconds,
        text=ANSWER,
    )
    if result.get("wrong"):
        result = {"error": f"{result['wrong']} wrong answers"}
    if "error" in result:
        results.failed(name, f"failover {fault}", result["error"])
        return
    added = statistics.median(result["failing"]) - statistics.median(result["alone"])
    results.add(name, f"failover {fault}", added)


def growth(results: Results, folder: Path, home: Path, ports: Ports, most: int) -> None:
    """Measure how llmring's cost grows."""
    command = [str(python(folder / "llmring")), str(HERE / "growth.py")]
    try:
        ended = run([*command, f"http://127.0.0.1:{ports.first}", str(most)], home)
    except RuntimeError as error:
        results.failed(OURS, "growth", str(error))
        return
    for what, points in json.loads(ended.out).items():
        kept = results.growth.setdefault(what, {})
        for count, cost in points:
            kept.setdefault(count, []).append(cost)


def reload(results: Results, folder: Path, home: Path) -> None:
    """Measure how a changed lockfile is read while calls go on."""
    command = [str(python(folder / "llmring")), str(HERE / "reload.py")]
    try:
        ended = run(command, home)
    except RuntimeError as error:
        results.failed(OURS, "reload", str(error))
        return
    for what, seconds in json.loads(ended.out).items():
        results.add(OURS, f"reload {what}", seconds)
