"""The page of a run, docs/benchmarks.md, and its plots."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from measures import AT_ONCE, FAULTS, MANY, Results
from peers import ANTHROPIC, FLOOR, FLOOR_JSON, LITELLM, OPENAI, OURS, PEERS
from plot import Points, log_log, slope

# Below this number, constant costs hide the growing ones.
FIT_FROM = 100
LINEAR = 1.1
# `import llmring` alone costs almost nothing: names are loaded on first use.
LOADED = "from llmring import LLMRing"
GROWING = {
    "messages": "messages of one call",
    "tools": "tools of one call",
    "chunks": "chunks of one stream",
    "aliases": "aliases of the lockfile, read and one resolved",
    "history": "calls of one ring, one after the other",
}


class Conditions(NamedTuple):
    """The conditions of a run."""

    command: str
    day: str
    machine: str
    rounds: int
    seconds: float
    missing: Mapping[str, str]


def page(results: Results, conditions: Conditions) -> str:
    """Format the page."""
    sections = (
        _head(conditions),
        _targets(results),
        _starts(results),
        _calls(results),
        _failovers(results),
        _crowd(results),
        _growth(results),
        _reload(results),
        _absent(results, conditions),
        _again(),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def plots(results: Results) -> dict[str, str]:
    """Draw the plots; return them by file name."""
    return {
        f"{what}.svg": log_log(f"CPU by {what}", GROWING[what], points)
        for what, points in _curves(results).items()
    }


def _head(conditions: Conditions) -> list[str]:
    return [
        "# How fast",
        "",
        "What llmring costs next to its peers, measured in one run against one server on loopback",
        "that has every answer ready. Ratios carry over to other machines, absolute figures do",
        "not.",
        "",
        f"`{conditions.command}`, {conditions.day}: {conditions.machine}; medians of "
        f"{conditions.rounds} round{'s' * (conditions.rounds != 1)}. In each round every measure "
        f"is taken of every client in turn, for {conditions.seconds:g} s. CPU is that of the "
        "client's process, user and system, all threads; the clients have one core, the server "
        "another. Every answer is compared with what was sent. Settings are those that each "
        "library comes with.",
    ]


class Target(NamedTuple):
    """A goal for llmring: `value` in relation to `base`."""

    what: str
    wanted: str
    value: float | None
    limit: float
    form: str
    least: bool = False


def _ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base


def _minus(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def _targets(results: Results) -> list[str]:
    def of(name: str, measure: str) -> float | None:
        return median(results, name, measure)

    ours, rss = _import(results, OURS, LOADED), of(OURS, f"rss {LOADED}")
    call, chunk = of(OURS, "at 1"), of(OURS, "stream ok")
    faults = [_minus(of(OURS, f"failover {f}"), of(FLOOR, f"failover {f}")) for f in FAULTS]
    slopes = [slope(_upper(points)) for points in _curves(results).values()]
    times, mb, ms, plain = "{:.2f}", "{:.1f} MB", "{:.2f} ms", "{:.2f}"
    rows = [
        Target(
            f"`{LOADED}` by `import openai`",
            "≤ 0.20",
            _ratio(ours, _import(results, OPENAI, "import openai")),
            0.2,
            times,
        ),
        Target("memory over bare Python", "≤ 30 MB", _minus(rss, of(OURS, "rss pass")), 30.0, mb),
        Target(
            "`llmring aliases` by `python -c pass`",
            "≤ 5",
            _ratio(of(OURS, "cli aliases"), of(OURS, "cli pass")),
            5.0,
            times,
        ),
        Target(
            f"a call by {FLOOR_JSON}", "≤ 0.75", _ratio(call, of(FLOOR_JSON, "at 1")), 0.75, times
        ),
        Target(f"a call by {OPENAI}", "≤ 0.125", _ratio(call, of(OPENAI, "at 1")), 0.125, times),
        Target(f"a call by {LITELLM}", "≤ 0.05", _ratio(call, of(LITELLM, "at 1")), 0.05, times),
        Target(f"a chunk by {FLOOR}", "≤ 1", _ratio(chunk, of(FLOOR, "stream ok")), 1, times),
        Target(
            f"a chunk by {ANTHROPIC}", "< 1", _ratio(chunk, of(ANTHROPIC, "stream ok")), 1, times
        ),
        Target(
            f"a chunk by {OPENAI}", "≤ 0.10", _ratio(chunk, of(OPENAI, "stream ok")), 0.1, times
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
            _ratio(of(OURS, f"rate {MANY}"), of(FLOOR_JSON, f"rate {MANY}")),
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


def _import(results: Results, name: str, statement: str) -> float | None:
    """Return the milliseconds of an import, without Python's own start."""
    whole = median(results, name, f"wall {statement}")
    return _minus(whole, median(results, name, "wall pass"))


def _starts(results: Results) -> list[str]:
    rows = []
    for peer in PEERS:
        for statement in peer.imports:
            cpu = median(results, peer.name, f"cpu {statement}")
            rss = median(results, peer.name, f"rss {statement}")
            cells = (
                number(_import(results, peer.name, statement)),
                number(_minus(cpu, median(results, peer.name, "cpu pass"))),
                number(_minus(rss, median(results, peer.name, "rss pass"))),
                number(median(results, peer.name, "first")),
            )
            if set(cells) != {"-"}:
                rows.append([_named(results, peer.name), f"`{statement}`", *cells])
    ours = median(results, OURS, "cli aliases")
    plain = median(results, OURS, "cli pass")
    return [
        "## To start",
        "",
        "Over bare Python; `to an answer` is the whole process, from its start to its first "
        "answer.",
        "",
        *table(("", "", "ms", "ms CPU", "MB", "ms CPU to an answer"), rows),
        "",
        f"`llmring aliases` takes {number(ours)} ms, `python -c pass` {number(plain)} ms.",
    ]


def _calls(results: Results) -> list[str]:
    floor = median(results, FLOOR_JSON, "at 1")
    rows = []
    for name in _names(results):
        call, rate = median(results, name, "at 1"), median(results, name, "rate 1")
        chunks = [median(results, name, f"stream {how}") for how in ("ok", "apart")]
        rows.append(
            [
                _named(results, name),
                number(call),
                number(_ratio(call, floor)),
                number(_ratio(1e6, rate)),
                *map(number, chunks),
            ]
        )
    heads = ("", "µs CPU a call", f"by {FLOOR_JSON}", "µs a call", "µs CPU a chunk", "apart")
    return [
        "## A call and a chunk",
        "",
        "Calls one after the other over a kept connection, each with an answer of 1 KB; llmring",
        "goes through an alias and gives the price. Streams are of 1,000 chunks, written at once",
        "and, in the last column, each by itself.",
        "",
        *table(heads, rows),
    ]


def _failovers(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        cells = [number(median(results, name, f"failover {fault}")) for fault in FAULTS]
        if set(cells) != {"-"}:
            rows.append([_named(results, name), *cells])
    return [
        "## Failover",
        "",
        "The first of two models fails, the second answers: ms that a call takes longer than one",
        "to the second alone. The failed attempt itself is in them: the rows of aiohttp, which are",
        "written by hand, show what that takes. Connections are there before, and no client knows",
        "of the failure.",
        "",
        *table(("", *FAULTS), rows),
    ]


def _crowd(results: Results) -> list[str]:
    floor = median(results, FLOOR_JSON, f"rate {MANY}")
    rows = []
    for name in _names(results):
        rates = [median(results, name, f"rate {count}") for count in AT_ONCE]
        costs = [median(results, name, f"at {count}") for count in AT_ONCE]
        rows.append(
            [
                _named(results, name),
                *map(number, rates),
                number(_ratio(rates[-1], floor)),
                *map(number, costs),
                number(median(results, name, "held")),
            ]
        )
    heads = [f"calls/s at {count}" for count in AT_ONCE]
    spent = [f"µs CPU at {count}" for count in AT_ONCE]
    return [
        "## Many at once",
        "",
        f"The last column is the memory of each of {MANY} calls that wait for their answers, "
        "connection included.",
        "",
        *table(("", *heads, f"by {FLOOR_JSON}", *spent, "KB a call"), rows),
    ]


def _curves(results: Results) -> dict[str, Points]:
    """Return the number and the milliseconds, by what grows."""
    return {
        what: [(count, statistics.median(costs) * 1000) for count, costs in points.items()]
        for what, points in results.growth.items()
    }


def _upper(points: Points) -> Points:
    upper = [point for point in points if point[0] >= FIT_FROM]
    return upper if len(upper) > 1 else points


def _growth(results: Results) -> list[str]:
    curves = _curves(results)
    if not curves:
        return []
    sizes = [count for count, _ in next(iter(curves.values()))]
    rows = [
        [GROWING[what], *(number(cost) for _, cost in points), f"{slope(_upper(points)):.2f}"]
        for what, points in curves.items()
    ]
    return [
        "## Growth",
        "",
        f"ms of CPU in llmring. The exponent is the slope of the logarithms from {FIT_FROM} on: 1",
        "is in proportion, 2 would be with the square.",
        "",
        *table(("", *(f"{size:,.0f}" for size in sizes), "exponent"), rows),
        "",
        " ".join(f"![CPU by {what}](benchmarks/{what}.svg)" for what in curves),
    ]


def _reload(results: Results) -> list[str]:
    swapped, cpu, held = (
        median(results, OURS, f"reload {what}") for what in ("swapped", "cpu", "held")
    )
    if swapped is None or cpu is None or held is None:
        return []
    return [
        "## A changed lockfile",
        "",
        "A lockfile with 20 profiles of 500 aliases, each with three models, is edited while 200",
        f"calls a second go on. They go by the change after {number(swapped * 1000)} ms, for",
        f"{number(cpu * 1000)} ms of CPU; until then, they go by the lockfile as it was. The event",
        f"loop is held up for {number(held * 1000)} ms at most.",
    ]


def _absent(results: Results, conditions: Conditions) -> list[str]:
    rows = [[name, "", why] for name, why in conditions.missing.items()]
    rows += [
        [name, measure, why]
        for name, errors in results.errors.items()
        for measure, why in errors.items()
    ]
    if not rows:
        return []
    cells = [[cell.replace("|", "/").replace("\n", " ") for cell in row] for row in rows]
    return ["## Without a figure", "", *table(("", "measure", "why"), cells)]


def _again() -> list[str]:
    return [
        "## To repeat it",
        "",
        "`make bench` installs the newest version of each peer into environments of its own under",
        "`.venv-peers` (remove that folder for newer ones) and measures all of them; it needs",
        "Linux, and wants two cores that do nothing else. `make bench ROUNDS=9` takes more rounds;",
        '`make bench QUICK=1 ONLY="llmring, openai SDK"` tries it: one short round of some,',
        "printed and not kept. The server is `benchmarks/upstream.py`; what each client does is in",
        "`benchmarks/clients`.",
        "",
        "`make guard` counts the calls of functions, Python's and C's, that a chat call, a chunk",
        "of a stream and `resolve_alias` make, and fails if one makes many more than it used",
        "to. These counts hardly depend on the machine or its load, so CI can check them.",
    ]


def median(results: Results, name: str, measure: str) -> float | None:
    """Return a figure of the run; None if it is missing."""
    figures = results.figures.get(name, {}).get(measure)
    return statistics.median(figures) if figures else None


def number(value: float | None) -> str:
    """Format a figure with its significant digits."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _names(results: Results) -> list[str]:
    return [peer.name for peer in PEERS if peer.name in results.figures]


def _named(results: Results, name: str) -> str:
    version = results.versions.get(name, "")
    return name if version in name else f"{name} {version}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Format a Markdown table, with figures aligned to the right."""
    return [
        "| " + " | ".join(heads) + " |",
        "|---|" + "--:|" * (len(heads) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def write(results: Results, conditions: Conditions, target: Path) -> None:
    """Write the page, and its plots into a folder of the same name."""
    target.write_text(page(results, conditions), encoding="utf-8")
    folder = target.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, drawn in plots(results).items():
        (folder / name).write_text(drawn, encoding="utf-8")
