"""The page of a run, docs/benchmarks.md, and its plots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from figures import (
    FIT_FROM,
    Conditions,
    absent,
    curves,
    import_time,
    median,
    minus,
    named,
    number,
    paragraph,
    ratio,
    table,
    upper,
)
from goals import goals
from measures import AT_ONCE, FAULTS, MANY, Results
from peers import FLOOR_JSON, OURS, PEERS
from plot import log_log, slope
from section import kept, marked

GROWING = {
    "messages": "messages of one call",
    "tools": "tools of one call",
    "chunks": "chunks of one stream",
    "aliases": "aliases of the lockfile, read and one resolved",
    "history": "calls of one ring, one after the other",
}


# The marks of the instructions, and the text before the first count.
INSTRUCTIONS = "instructions"
UNCOUNTED = "Not counted yet: run `make bench-instructions`."
# The marks of the gateways, and the text before they were first measured.
GATEWAY_SECTION = "gateways"
UNMEASURED = "Not measured yet: run `make bench-gateway`."
# The marks of the ledger, and the text before it was first measured.
LEDGER_SECTION = "ledger"
UNFILLED = "Not measured yet: run `make bench-ledger`."
# The marks of batches, and the text before they were first measured.
BATCH_SECTION = "batches"
UNSENT = "Not measured yet: run `make bench-batch`."

# What other commands write: the text before they were first run, by mark.
OTHERS: Mapping[str, str] = {
    INSTRUCTIONS: UNCOUNTED,
    GATEWAY_SECTION: UNMEASURED,
    LEDGER_SECTION: UNFILLED,
    BATCH_SECTION: UNSENT,
}


def page(results: Results, conditions: Conditions, others: Mapping[str, str] = OTHERS) -> str:
    """Format the page.

    Args:
        results: The results of `make bench`.
        conditions: The machine and the versions.
        others: The sections that other commands write, by mark.
    """
    sections = (
        _head(conditions),
        goals(results),
        _starts(results),
        _calls(results),
        _blocking(results),
        _instructions(others[INSTRUCTIONS]),
        _failovers(results),
        _crowd(results),
        _growth(results),
        _reload(results),
        ["## Gateways", "", marked(GATEWAY_SECTION, others[GATEWAY_SECTION])],
        ["## The ledger", "", marked(LEDGER_SECTION, others[LEDGER_SECTION])],
        ["## Batches", "", marked(BATCH_SECTION, others[BATCH_SECTION])],
        absent(results, conditions),
        _again(),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def plots(results: Results) -> dict[str, str]:
    """Draw the plots; return them by file name."""
    return {
        f"{what}.svg": log_log(f"CPU by {what}", GROWING[what], points)
        for what, points in curves(results).items()
    }


def _head(conditions: Conditions) -> list[str]:
    return [
        "# How fast",
        "",
        "What llmring costs next to its peers, measured in one run against one server on loopback",
        "that has every answer ready. Ratios carry over to other machines, absolute figures do",
        "not.",
        "",
        *paragraph(
            f"`{conditions.command}`, {conditions.day}: {conditions.machine}; medians of "
            f"{conditions.rounds} round{'s' * (conditions.rounds != 1)}. In each round every "
            f"measure is taken of every client in turn, for {conditions.seconds:g} s. CPU is "
            "that of the client's process, user and system, all threads; the clients have one "
            "core, the server another. Every answer is compared with what was sent. Settings are "
            "those that each library comes with."
        ),
    ]


def _starts(results: Results) -> list[str]:
    rows = []
    for peer in PEERS:
        for statement in peer.imports:
            cpu = median(results, peer.name, f"cpu {statement}")
            rss = median(results, peer.name, f"rss {statement}")
            cells = (
                number(import_time(results, peer.name, statement)),
                number(minus(cpu, median(results, peer.name, "cpu pass"))),
                number(minus(rss, median(results, peer.name, "rss pass"))),
                number(median(results, peer.name, "first")),
            )
            if set(cells) != {"-"}:
                rows.append([named(results, peer.name), f"`{statement}`", *cells])
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
    ours, our_chunk = median(results, OURS, "at 1"), median(results, OURS, "stream ok")
    rows = []
    for name in _names(results):
        call, rate = median(results, name, "at 1"), median(results, name, "rate 1")
        chunks = [median(results, name, f"stream {how}") for how in ("ok", "apart")]
        rows.append(
            [
                named(results, name),
                number(call),
                number(ratio(call, floor)),
                number(ratio(ours, call)),
                number(ratio(1e6, rate)),
                number(chunks[0]),
                number(ratio(our_chunk, chunks[0])),
                number(chunks[1]),
            ]
        )
    share = f"{OURS} by it"
    call_heads = ("µs CPU a call", f"by {FLOOR_JSON}", share, "µs a call")
    heads = ("", *call_heads, "µs CPU a chunk", share, "apart")
    return [
        "## A call and a chunk",
        "",
        "Calls one after the other over a kept connection, each with an answer of 1 KB; llmring",
        "goes through an alias and gives the price. Streams are of 1,000 chunks, written at once",
        "and, in the last column, each by itself.",
        "",
        *table(heads, rows),
    ]


def _blocking(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        call, chunk = median(results, name, "sync at 1"), median(results, name, "sync stream ok")
        cells = (
            number(call),
            number(ratio(call, median(results, name, "at 1"))),
            number(chunk),
            number(ratio(chunk, median(results, name, "stream ok"))),
            number(median(results, name, "sync stream apart")),
        )
        if set(cells) != {"-"}:
            rows.append([named(results, name), *cells])
    if not rows:
        return []
    share = "by an asynchronous one"
    heads = ("", "µs CPU a call", share, "µs CPU a chunk", share, "apart")
    return [
        "## Without an event loop",
        "",
        "The same calls and streams through the synchronous functions of each library.",
        "",
        *table(heads, rows),
    ]


def _instructions(counted: str) -> list[str]:
    return ["## Instructions", "", marked(INSTRUCTIONS, counted)]


def _failovers(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        cells = [number(median(results, name, f"failover {fault}")) for fault in FAULTS]
        if set(cells) != {"-"}:
            rows.append([named(results, name), *cells])
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
                named(results, name),
                *map(number, rates),
                number(ratio(rates[-1], floor)),
                *map(number, costs),
                number(median(results, name, "held")),
            ]
        )
    heads = [f"calls/s at {count}" for count in AT_ONCE]
    spent = [f"µs CPU at {count}" for count in AT_ONCE]
    return [
        "## Many at once",
        "",
        *paragraph(
            f"The last column is the memory of each of {MANY} calls that wait for their answers, "
            "connection included."
        ),
        "",
        *table(("", *heads, f"by {FLOOR_JSON}", *spent, "KB a call"), rows),
    ]


def _growth(results: Results) -> list[str]:
    found = curves(results)
    if not found:
        return []
    sizes = [count for count, _ in next(iter(found.values()))]
    rows = [
        [GROWING[what], *(number(cost) for _, cost in points), f"{slope(upper(points)):.2f}"]
        for what, points in found.items()
    ]
    return [
        "## Growth",
        "",
        f"ms of CPU in llmring. The exponent is the slope of the logarithms from {FIT_FROM} on: 1",
        "is in proportion, 2 would be with the square.",
        "",
        *table(("", *(f"{size:,.0f}" for size in sizes), "exponent"), rows),
        "",
        *(f"![CPU by {what}](benchmarks/{what}.svg)" for what in found),
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
        "`make bench-instructions` counts the instructions with valgrind's callgrind, and writes",
        "only that section; `apt install valgrind` installs it. It takes some minutes.",
        "",
        "`make bench-gateway` measures `llmring serve` next to other gateways, and writes only",
        "that section; npm and nginx (`apt install nginx-light`) are needed for two of them.",
        "",
        "`make bench-ledger ROWS=1000000` fills a ledger and measures its reports, and writes only",
        "that section; it fails if a report takes longer than 300 ms.",
        "",
        "`make guard` counts the calls of functions, Python's and C's, that a chat call, a chunk",
        "of a stream and `resolve_alias` make, and fails if one makes many more than it used",
        "to. These counts hardly depend on the machine or its load, so CI can check them.",
    ]


def _names(results: Results) -> list[str]:
    return [peer.name for peer in PEERS if peer.name in results.figures]


def write(results: Results, conditions: Conditions, target: Path) -> None:
    """Write the page, and its plots into a folder of the same name.

    What other commands have written on an earlier page is kept.
    """
    others = {mark: kept(target, mark, text) for mark, text in OTHERS.items()}
    target.write_text(page(results, conditions, others), encoding="utf-8")
    folder = target.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, drawn in plots(results).items():
        (folder / name).write_text(drawn, encoding="utf-8")
