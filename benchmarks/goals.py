"""The goals for llmring, next to what was measured."""

from __future__ import annotations

from typing import NamedTuple

from figures import curves, import_time, median, minus, ratio, table, upper
from measures import FAULTS, MANY, Results
from peers import ANTHROPIC, FLOOR, FLOOR_JSON, LITELLM, OPENAI, OURS
from plot import slope

LINEAR = 1.1
# `import llmring` alone costs almost nothing: names are loaded on first use.
LOADED = "from llmring import LLMRing"


class Target(NamedTuple):
    """A goal for llmring: `value` in relation to `base`."""

    what: str
    wanted: str
    value: float | None
    limit: float
    form: str
    least: bool = False


def goals(results: Results) -> list[str]:
    """Format the section of the goals."""

    def of(name: str, measure: str) -> float | None:
        return median(results, name, measure)

    ours, rss = import_time(results, OURS, LOADED), of(OURS, f"rss {LOADED}")
    call, chunk = of(OURS, "at 1"), of(OURS, "stream ok")
    sync_call, sync_chunk = of(OURS, "sync at 1"), of(OURS, "sync stream ok")
    faults = [minus(of(OURS, f"failover {f}"), of(FLOOR, f"failover {f}")) for f in FAULTS]
    slopes = [slope(upper(points)) for points in curves(results).values()]
    times, mb, ms, plain = "{:.2f}", "{:.1f} MB", "{:.2f} ms", "{:.2f}"
    rows = [
        Target(
            f"`{LOADED}` by `import openai`",
            "≤ 0.20",
            ratio(ours, import_time(results, OPENAI, "import openai")),
            0.2,
            times,
        ),
        Target("memory over bare Python", "≤ 30 MB", minus(rss, of(OURS, "rss pass")), 30.0, mb),
        Target(
            "`llmring aliases` by `python -c pass`",
            "≤ 5",
            ratio(of(OURS, "cli aliases"), of(OURS, "cli pass")),
            5.0,
            times,
        ),
        Target(
            f"a call by {FLOOR_JSON}", "≤ 0.75", ratio(call, of(FLOOR_JSON, "at 1")), 0.75, times
        ),
        Target(f"a call by {OPENAI}", "≤ 0.125", ratio(call, of(OPENAI, "at 1")), 0.125, times),
        Target(f"a call by {LITELLM}", "≤ 0.05", ratio(call, of(LITELLM, "at 1")), 0.05, times),
        Target(f"a chunk by {FLOOR}", "≤ 1", ratio(chunk, of(FLOOR, "stream ok")), 1, times),
        Target(
            f"a chunk by {ANTHROPIC}", "< 1", ratio(chunk, of(ANTHROPIC, "stream ok")), 1, times
        ),
        Target(f"a chunk by {OPENAI}", "≤ 0.10", ratio(chunk, of(OPENAI, "stream ok")), 0.1, times),
        Target(
            "a synchronous call by an asynchronous", "≤ 1.1", ratio(sync_call, call), 1.1, times
        ),
        Target(
            "a synchronous chunk by an asynchronous", "≤ 1.5", ratio(sync_chunk, chunk), 1.5, times
        ),
        Target(
            "failover beyond the floor's",
            "≤ 0.15 ms",
            max((f for f in faults if f is not None), default=None),
            0.15,
            ms,
        ),
        Target(
            f"calls a second at {MANY} by {FLOOR_JSON}",
            "≥ 1.2",
            ratio(of(OURS, f"rate {MANY}"), of(FLOOR_JSON, f"rate {MANY}")),
            1.2,
            times,
            least=True,
        ),
        Target(
            "exponent of growth, the largest", "≤ 1.10", max(slopes, default=None), LINEAR, plain
        ),
    ]
    cells = [[row.what, row.wanted, _measured(row), _met(row)] for row in rows]
    return ["## Goals", "", *table(("", "wanted", "measured", ""), cells)]


def _measured(target: Target) -> str:
    return "-" if target.value is None else target.form.format(target.value)


def _met(target: Target) -> str:
    if target.value is None:
        return ""
    met = target.value >= target.limit if target.least else target.value <= target.limit
    return "reached" if met else "missed"
