"""The section on gateways of docs/benchmarks.md."""

from __future__ import annotations

from figures import Conditions, absent, median, named, number, paragraph, table
from gateway_bodies import CHAT, MESSAGES, small
from gateway_figures import STREAMED, WHOLE, added, of_chunk
from gateway_goals import gateway_goals
from gateway_measures import AT_ONCE, AT_PACE, AT_SPEED, CHUNKS, FAULTS, PACE_MS
from gateway_peers import GATEWAYS, NGINX
from measures import Results

FAULT_WORDS = {"500": "500", "cut-5": "cut within a stream"}


def section(results: Results, run: Conditions) -> str:
    """Format the section."""
    parts = (
        _head(run),
        gateway_goals(results),
        _requests(results),
        _chunks(results),
        _added(results),
        _failovers(results),
        absent(results, run, level=3),
    )
    return "\n\n".join("\n".join(part) for part in parts if part)


def _head(run: Conditions) -> list[str]:
    return paragraph(
        f"`{run.command}`, {run.day}: {run.machine}; medians of {run.rounds} "
        f"round{'s' * (run.rounds != 1)}, each with {run.seconds:g} s a measure. Each gateway has "
        "one core, the load and a scripted model's server the other; one process, no keys of its "
        "own, no limits, no metrics, no database; llmring is measured with its ledger and without. "
        "CPU is that of all its processes, from /proc. Relayed requests keep their API "
        "(Chat Completions for 250 B, Anthropic's for 85 KB, which is a request of Claude Code), "
        f"translated ones change it. {AT_ONCE} requests are in progress at a time. {NGINX} does "
        "nothing but pass them on."
    )


def _requests(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        costs = [median(results, name, f"cpu {each.measure}") for each in WHOLE]
        rates = [median(results, name, f"rate {each.measure}") for each in WHOLE[:2]]
        ready = median(results, name, "ready")
        memory = number(median(results, name, "memory"))
        held = number(median(results, name, "held"))
        cells = [number(each) for each in (*costs, *rates, ready)]
        rows.append([named(results, name), *cells, memory, held])
    heads = (
        "µs CPU: 250 B relayed",
        "translated",
        "85 KB relayed",
        "translated",
        "250 B/s relayed",
        "translated",
        "s to ready",
        "MB",
        "KB a stream",
    )
    return ["### Whole answers, and memory", "", *table(("", *heads), rows)]


def _chunks(results: Results) -> list[str]:
    ways = ((small(CHAT), CHAT), (small(CHAT), MESSAGES))
    rows = []
    for name in _names(results):
        costs = [of_chunk(results, name, *way, how) for how in (AT_SPEED, AT_PACE) for way in ways]
        rows.append([named(results, name), *map(number, costs)])
    return [
        "### Streams",
        "",
        *paragraph(
            f"µs of CPU a chunk, of streams of {CHUNKS}. The server writes each chunk by itself: "
            "the next one at once, so that several may come together (the part of the request is "
            f"subtracted), or after {PACE_MS} ms (it is not)."
        ),
        "",
        *table(("", "at once: relayed", "translated", "paced: relayed", "translated"), rows),
    ]


def _added(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        first = added(results, name, STREAMED, "first")
        cells = [number(added(results, name, each)) for each in WHOLE]
        rows.append([named(results, name), *cells, number(first)])
    heads = ("250 B relayed", "translated", "85 KB relayed", "translated", "first byte of a stream")
    return [
        "### Time added",
        "",
        "Median ms that one request at a time takes longer than without a gateway.",
        "",
        *table(("", *heads), rows),
    ]


def _failovers(results: Results) -> list[str]:
    rows = []
    for name in _names(results):
        cells = [number(median(results, name, f"failover {fault}")) for fault in FAULTS]
        if set(cells) != {"-"}:
            rows.append([named(results, name), *cells])
    if not rows:
        return []
    return [
        "### Time added by a failover",
        "",
        "ms that a request takes longer whose first model fails, the failed attempt included.",
        "",
        *table(("", *(FAULT_WORDS[fault] for fault in FAULTS)), rows),
    ]


def _names(results: Results) -> list[str]:
    return [each.name for each in GATEWAYS if each.name in results.figures]
