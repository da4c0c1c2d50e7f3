"""How long the ledger takes to write a call and to answer reports: `make bench-ledger ROWS=…`.

It fills an SQLite ledger with calls of 90 days: those of an application, and those of a gateway
with keys. Each report runs several times, each over a new connection; the median counts.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from figures import number, paragraph, table
from machine import described
from page import LEDGER_SECTION
from section import replace

from llmring.chat.events import Usage
from llmring.ledger.columns import COLUMNS, microseconds, row
from llmring.ledger.daily_report import DayFilter, daily_total, daily_totals
from llmring.ledger.entry import LoggedAttempt
from llmring.ledger.reader import CallFilter, entries_in
from llmring.ledger.sqlite import SqliteStore

DAYS = 90
START = datetime(2026, 9, 1, tzinfo=UTC)
# Calls that a writer inserts together, at a thousand calls a second.
TOGETHER = 250
MOST_MS = 300.0
REPEATS = 5

MODELS = [f"vendor{number % 3}:model-{number}" for number in range(8)]
# Each with two aliases of its own.
KEYS = 200
OUTCOMES = ["ok"] * 48 + ["failed", "cancelled"]

_SOON = timedelta(seconds=1)

_AT = {name: place for place, name in enumerate(COLUMNS)}


def rows(count: int, *, keyed: bool = True, seed: int = 7) -> Iterator[list[tuple[Any, ...]]]:
    """Yield batches of calls, in their order.

    Args:
        count: Number of calls.
        keyed: True for those of a gateway with keys.
        seed: Of what is chosen at random; other calls have other IDs.
    """
    chosen = random.Random(seed)  # noqa: S311 -- no secrets
    step = DAYS * 86_400_000_000 / count
    first = microseconds(START)
    usual = [list(_row(chosen, keyed=keyed)) for _ in range(2000)]
    batch: list[tuple[Any, ...]] = []
    for made in range(count):
        values = usual[chosen.randrange(len(usual))].copy()
        values[_AT["at"]] = at = first + int(made * step)
        values[_AT["id"]] = f"{at:015x}-{made & 0xFFFFFF:06x}-{seed:010x}"
        batch.append(tuple(values))
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(chosen: random.Random, *, keyed: bool) -> tuple[Any, ...]:
    key, outcome = chosen.randrange(KEYS), chosen.choice(OUTCOMES)
    alias = (key + chosen.choice((0, 5))) % 12
    first = MODELS[alias % 8]
    model = chosen.choice(MODELS[:2]) if chosen.random() < 0.02 else first
    of_gateway: dict[str, Any] = {
        "key": f"key-{key}",
        "team": f"team-{key % 6}",
        "wire": "responses",
        "client": "codex_cli/0.171.0",
        "session": f"{chosen.randrange(2**64):016x}",
        "request_id": f"{chosen.randrange(2**64):016x}",
        "relay": "verbatim",
    }
    return tuple(
        row(
            id="",
            at=0,
            kind="chat",
            alias=f"alias-{alias}",
            profile="default",
            model=model if outcome == "ok" else None,
            served_model=model.partition(":")[2],
            usage=Usage(prompt_tokens=chosen.randrange(9000), completion_tokens=300),
            cost=None if chosen.random() < 0.01 else Decimal(chosen.randrange(10**6)) / 10**8,
            cost_reason=None,
            ms=chosen.lognormvariate(7, 1),
            first_ms=400.0,
            attempts=1 + (first != model),
            story=[LoggedAttempt(each, "ok", 900.0, 200) for each in {first, model}],
            outcome=outcome,  # type: ignore[arg-type]
            error=None,
            finish_reason="stop",
            stream=True,
            tags=(),
            digest="0123456789abcdef",
            prompt=None,
            answer=None,
            project="app",
            lockfile="/srv/app/llmring.lock",
            **(of_gateway if keyed else {}),
        )
    )


def reports(path: Path) -> dict[str, Callable[[], object]]:
    """Return the reports to measure, by their names."""
    end = (START + timedelta(days=DAYS)).date()
    month = DayFilter(since=end - timedelta(days=30), projects=("app",))
    middle = next(iter(entries_in(path, CallFilter(since=START + timedelta(days=45)), limit=1)))

    def latest(**chosen: Any) -> Callable[[], object]:
        return lambda: list(entries_in(path, CallFilter(**chosen), limit=50))

    return {
        "spent in 30 days, by day": lambda: daily_totals(path, month, "day"),
        "spent in 30 days, by alias": lambda: daily_totals(path, month, "alias"),
        "spent in 30 days, by model": lambda: daily_totals(path, month, "model"),
        "spent in 30 days, by key": lambda: daily_totals(path, month, "key"),
        "totals, failovers and durations of all days": lambda: daily_total(path, DayFilter()),
        "the latest 50 calls": latest(),
        "the latest 50 calls of the project": latest(projects=("app",)),
        "the latest 50 calls of a key": latest(key="key-0"),
        "the calls of a conversation, on one day": latest(
            session=middle.session, since=middle.at - timedelta(days=1), until=middle.at + _SOON
        ),
        "one call by its ID": latest(id=middle.id),
    }


def filled(path: Path, count: int, *, keyed: bool = True) -> float:
    """Fill a ledger; return the µs of CPU that the insertion of a call takes."""
    store = SqliteStore(path)
    began = time.process_time()
    making = 0.0
    source = rows(count, keyed=keyed)
    while True:
        before = time.process_time()
        batch = next(source, None)
        making += time.process_time() - before
        if batch is None:
            break
        store.write(batch)
    spent = time.process_time() - began - making
    store.close()
    return spent / count * 1e6


def measure(folder: Path, count: int) -> dict[str, float]:
    """Fill a ledger; return its figures: µs for an insertion, bytes for a call, ms for reports."""
    path = folder / "ledger.sqlite"
    figures = {
        "insertion without keys": filled(folder / "small.sqlite", min(count, 100_000), keyed=False),
        "insertion": filled(path, count),
    }
    figures["bytes"] = path.stat().st_size / count
    for name, report in reports(path).items():
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            found = report()
            times.append((time.perf_counter() - start) * 1000)
            if not found:
                raise ValueError(f"{name}: nothing found")
        figures[name] = statistics.median(times)
    return figures


def section(figures: dict[str, float], command: str, count: int) -> str:
    """Format the figures for the page."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = paragraph(
        f"`{command}`, {day}: {described()}. An SQLite ledger of {count:,} calls of {DAYS} days, "
        f"with {KEYS} keys of a gateway. A call takes {number(figures['bytes'])} bytes of the "
        f"file, and its insertion, with the sums by day, {number(figures['insertion'])} µs of CPU "
        f"in a thread of its own; without keys, of an application, "
        f"{number(figures['insertion without keys'])} µs."
    )
    shown = [[name, number(figures[name])] for name in figures if name not in _OF_CALLS]
    return "\n".join([*lines, "", *table(["report", "ms"], shown)])


_OF_CALLS = ("insertion", "insertion without keys", "bytes")


def main() -> int:
    """Measure, print the section, and save it with --save; fail if a report takes too long."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="number of calls")
    parser.add_argument("--save", type=Path, help="the page to save it in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments.rows)
    text = section(figures, f"make bench-ledger ROWS={arguments.rows}", arguments.rows)
    sys.stdout.write(f"{text}\n")
    if arguments.save:
        replace(arguments.save, LEDGER_SECTION, text)
    slow = [name for name, ms in figures.items() if name not in _OF_CALLS and ms > MOST_MS]
    if slow:
        sys.stderr.write(f"longer than {MOST_MS:.0f} ms: {', '.join(slow)}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
