"""A gateway whose calls are recorded, and what it has recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.terminal import lockfile_of, write
from llmring.clock import SYSTEM
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.watching.access_log import AccessLog
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.watching import Watching, own_records
from served_gateway import ServedGateway, eventually, parsed, read_all, request

QUESTION = [{"role": "user", "content": "Hello"}]

_SERIES = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(text: str) -> Series:
    """Read the metrics of an answer."""
    found: Series = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = _SERIES.match(line)
            assert match is not None, line
            labels = frozenset(_LABEL.findall(match[2] or ""))
            assert (match[1], labels) not in found, line
            found[match[1], labels] = float(match[3])
    return found


class WatchedGateway(ServedGateway):
    """A gateway whose calls are recorded.

    Args:
        log: The access log, if one is kept.
    """

    def __init__(self, log: Path | None = None, **options: Any) -> None:
        def watching(ring: ServedRing) -> Watching:
            kept = None if log is None else AccessLog(str(log), SYSTEM)
            return Watching(ring, own_records(), kept)

        super().__init__(watching=watching, **options)

    def chat(self, model: str = "fast", *, stream: bool = False, **headers: str) -> bytes:
        """Make a chat, and return all that comes back."""
        body = {"model": model, "messages": QUESTION, "stream": stream}
        with self.connect() as opened:
            opened.sendall(request(body=body, connection="close", **headers))
            return read_all(opened)

    def status_of(self, model: str) -> int:
        return parsed(self.chat(model)).status

    @property
    def series(self) -> Series:
        """The metrics."""
        reply = self.ask("GET", "/metrics")
        assert reply.status == 200, reply
        return series(reply.body.decode())

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the series of this name that have these labels, among others."""
        wanted = set(labels.items())
        found = self.series.items()
        return sum(value for (each, given), value in found if each == name and wanted <= given)

    def calls(self, count: int = 1) -> list[FinishedCall]:
        """Wait for this number of calls to be recorded, and return them."""
        watching = self.gateway.watching
        assert watching is not None
        kept = watching.records.calls
        assert eventually(lambda: len(kept.latest(1000)) >= count)
        return kept.latest(1000)


@contextmanager
def watched(*models: str, log: Path | None = None, **options: Any) -> Iterator[WatchedGateway]:
    """Serve the alias "fast" of these models."""
    write(lockfile_of(default={"fast": list(models or ("mock:echo",))}))
    with WatchedGateway(log, **options) as gateway:
        yield gateway


def entries(log: Path) -> list[dict[str, Any]]:
    """Return the entries of a log."""
    return [json.loads(line) for line in log.read_text().splitlines()]
