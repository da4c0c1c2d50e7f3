"""The measures of gateways and their order: in each round, every measure of every gateway."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gateway_bodies import CHAT, MESSAGES, Body, large, small
from gateway_peers import BOTH, MODELS, OURS, UNRECORDED, Asked, Gateway, asked
from gateway_processes import Load, Measured, order, seconds_to_ready
from gateways.running import KEY
from measures import Results
from processes import Ports, Told
from texts import ANSWER

AT_ONCE = 32
CHUNKS, FEW_CHUNKS = 50, 5
PACE_MS = 2
HEADERS = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
ANTHROPIC = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
FIRST_WORD, LAST_WORD = "word000", "word079"
WARM_REQUESTS, FEW_WARM_REQUESTS = 64, 4

# Running streams: an event each second, so that sending them is not what takes the memory.
HELD, HELD_SHORTLY = "paced-4-1000", "paced-4-50"
STREAMS, FEW_STREAMS = 1000, 20
FAULTS = ("500", "cut-5")
# More within a minute, and llmring would skip the model that fails.
MOST_FAILOVERS = 4
# The name of what is measured without a gateway.
DIRECT = "direct"


class Question(NamedTuple):
    """A request, and the API of the model that it goes to.

    Attributes:
        body: The request.
        to: The path of the model's API.
        stream: True for a stream.
        upstream: The behaviour of the upstream.
    """

    body: Body
    to: str
    stream: bool
    upstream: str = "events-80"

    @property
    def kind(self) -> str:
        """Name the way from the client's API to the model's."""
        return "relayed" if self.body.path == self.to else "translated"

    @property
    def measure(self) -> str:
        """Name the figures of this request."""
        form = f"stream {self.upstream}" if self.stream else "whole"
        return f"{self.body.name} {self.kind} {form}"


AT_SPEED, AT_PACE = f"apart-{CHUNKS}", f"paced-{CHUNKS}-{PACE_MS}"
FEW = f"apart-{FEW_CHUNKS}"


def questions() -> Iterator[Question]:
    """Yield what is asked of each gateway, many times at once."""
    ways = (
        (small(CHAT), CHAT),
        (small(CHAT), MESSAGES),
        (large(), MESSAGES),
        (large(), CHAT),
    )
    for body, to in ways:
        yield Question(body, to, stream=False)
        for upstream in (AT_SPEED, FEW):
            yield Question(body, to, stream=True, upstream=upstream)
    for body, to in ways[:2]:
        yield Question(body, to, stream=True, upstream=AT_PACE)


class Bench:
    """A run of the comparison.

    Args:
        results: Takes the figures.
        load: The load generator.
        ports: The ports of the upstream.
        folder: The folder of the environments.
        home: A folder for settings and bodies.
        seconds: The time of each measure.
        short: True for few requests and streams.
    """

    def __init__(
        self,
        results: Results,
        load: Load,
        ports: Ports,
        folder: Path,
        home: Path,
        *,
        seconds: float,
        short: bool = False,
    ) -> None:
        self._results = results
        self._load = load
        self._ports = ports
        self._folder = folder
        self._home = home
        self._seconds = seconds
        self._short = short

    def round_(self, gateways: Iterable[Gateway]) -> None:
        """Run one round: all measures of one gateway after the other."""
        self._direct()
        for gateway in gateways:
            home = self._home / gateway.name.replace(" ", "-")
            try:
                self._ready(gateway, home)
                measured = Measured(gateway, self._folder, home, self._ports)
            except (RuntimeError, OSError) as error:
                self._results.failed(gateway.name, "start", str(error))
                continue
            try:
                self._all_of(gateway, measured)
            finally:
                measured.close()
        order(self._ports, "turn/ok")

    def _ready(self, gateway: Gateway, home: Path) -> None:
        if gateway.name == OURS:
            seconds = seconds_to_ready(gateway, self._folder, home, self._ports)
            self._results.add(OURS, "ready", seconds)

    def _all_of(self, gateway: Gateway, measured: Measured) -> None:
        name = gateway.name
        self._results.versions[name] = measured.running.version
        for question in questions():
            if form := self._form(gateway, measured, question):
                self._speed(name, measured, question, form)
        self._results.add(name, "memory", measured.memory() / 1e6)
        for question in _alone():
            if form := self._form(gateway, measured, question):
                self._added(name, measured, question, form)
        self._streams(gateway, measured)
        if name in (OURS, UNRECORDED):
            for fault in FAULTS:
                self._failover(name, measured, fault)

    def _form(self, gateway: Gateway, measured: Measured, question: Question) -> Asked | None:
        path = question.body.path
        if (path, question.to) not in gateway.offers:
            return None
        return asked(measured.running, path, question.to, self._ports)

    def _speed(self, name: str, measured: Measured, question: Question, form: Asked) -> None:
        order(self._ports, f"turn/{question.upstream}")
        requests = FEW_WARM_REQUESTS if self._short else WARM_REQUESTS
        warm = self._ask(measured.port, question, form, at_once=4, requests=requests)
        if "error" in warm:
            self._results.failed(name, question.measure, warm["error"])
            return
        before = measured.cpu()
        result = self._ask(measured.port, question, form, at_once=AT_ONCE, seconds=self._seconds)
        spent = measured.cpu() - before
        if self._is_wrong(name, question.measure, result):
            return
        self._results.add(name, f"cpu {question.measure}", spent / result["requests"] * 1e6)
        rate = result["requests"] / result["wall"]
        self._results.add(name, f"rate {question.measure}", rate)

    def _direct(self) -> None:
        """Measure the upstream alone: what a gateway adds is more than this."""
        for question in _alone():
            form = Asked("/turned" + question.body.path, "any")
            order(self._ports, f"turn/{question.upstream}")
            result = self._ask(self._ports.first, question, form, seconds=self._seconds)
            if not self._is_wrong(DIRECT, question.measure, result):
                self._note_times(DIRECT, question, result)

    def _added(self, name: str, measured: Measured, question: Question, form: Asked) -> None:
        order(self._ports, f"turn/{question.upstream}")
        result = self._ask(measured.port, question, form, seconds=self._seconds)
        if not self._is_wrong(name, f"alone {question.measure}", result):
            self._note_times(name, question, result)

    def _note_times(self, name: str, question: Question, result: Told) -> None:
        for what in ("whole", "first"):
            self._results.add(name, f"{what} {question.measure}", result[what] * 1000)

    def _streams(self, gateway: Gateway, measured: Measured) -> None:
        """Measure the memory of streams that run."""
        count = FEW_STREAMS if self._short else STREAMS
        held = HELD_SHORTLY if self._short else HELD
        question = Question(small(CHAT), CHAT, stream=True, upstream=held)
        form = self._form(gateway, measured, question)
        if form is None:
            return
        order(self._ports, f"turn/{question.upstream}")
        before = measured.memory()
        most = 0.0
        has_ended = threading.Event()

        def watch() -> None:
            nonlocal most
            while not has_ended.wait(0.25):
                most = max(most, measured.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        result = self._ask(measured.port, question, form, at_once=count, requests=count)
        has_ended.set()
        watcher.join()
        if not self._is_wrong(gateway.name, "held", result):
            self._results.add(gateway.name, "held", (most - before) / count / 1000)

    def _failover(self, name: str, measured: Measured, fault: str) -> None:
        """Measure how much longer a call takes whose first model fails; it answers in between."""
        question = Question(small(CHAT), CHAT, stream=fault.startswith("cut"))
        form = Asked(CHAT, BOTH)
        times: dict[str, list[float]] = {fault: [], question.upstream: []}
        # As the header with the attempts of a call has it.
        shown = f"{MODELS[CHAT]} {fault} "
        for _ in range(MOST_FAILOVERS):
            for upstream, found in times.items():
                order(self._ports, f"turn/{upstream}")
                more = {"text": shown} if upstream == fault and not question.stream else {}
                result = self._ask(measured.port, question, form, requests=1, **more)
                if self._is_wrong(name, f"failover {fault}", result):
                    return
                found.append(result["whole"] * 1000)
        added = statistics.median(times[fault]) - statistics.median(times[question.upstream])
        self._results.add(name, f"failover {fault}", added)

    def _ask(self, port: int, question: Question, form: Asked, **how: Any) -> Told:
        file = self._home / "body.json"
        file.write_bytes(question.body.encoded(form.model, stream=question.stream))
        own = ANTHROPIC if question.body.path == MESSAGES else {}
        job = {
            "port": port,
            "path": form.path,
            "headers": {**HEADERS, **own, **form.headers},
            "body": str(file),
            "text": _expected(question),
            "first": FIRST_WORD,
        }
        return self._load.do(**job | how)

    def _is_wrong(self, name: str, measure: str, result: Told) -> bool:
        if result.get("wrong"):
            result = {"error": f"{result['wrong']} wrong answers: {result['complaint']}"}
        if "error" in result:
            self._results.failed(name, measure, result["error"])
            return True
        return False


def _alone() -> Iterator[Question]:
    """Yield what is asked once at a time."""
    for to in (CHAT, MESSAGES):
        yield Question(small(CHAT), to, stream=False)
        yield Question(small(CHAT), to, stream=True, upstream=AT_PACE)
    yield Question(large(), MESSAGES, stream=False)
    yield Question(large(), CHAT, stream=False)


def _expected(question: Question) -> str:
    """Return a word that only a whole answer has."""
    if not question.stream:
        assert LAST_WORD in ANSWER  # noqa: S101 -- texts of this folder
        return LAST_WORD
    count = question.upstream.split("-")[1] if "-" in question.upstream else "1000"
    return f"word{int(count) - 1:03}"
