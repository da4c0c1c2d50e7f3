"""The long form of the storm: every fault, thousands of calls each, and tables of the results.

    PYTHONPATH=tests python -m chaos.report --requests 5000 --save docs/reliability.md

Exits with 1 if an answer was lost or wrong, a fault never struck, a call overran its deadline, or
anything leaked.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from msgspec import Struct

from chaos.hanging_up import WAYS, hang_ups
from chaos.storm import (
    ALL_FAULTS,
    DEADLINE_SECONDS,
    Held,
    Mode,
    Outcome,
    Place,
    farm,
    fresh_storm,
    jumping_clock,
    leaked,
    lockfile,
    ring_at,
    settled,
    steady_storm,
)
from llmring import __version__

AT_ONCE = 100
HANG_UPS = 500
HANG_UPS_AT_ONCE = 20
DRIVERS = {"fresh": fresh_storm, "steady": steady_storm}


class Findings(Struct):
    """The results of a run.

    Attributes:
        fresh: Results of the calls that each met their fault.
        steady: Results of calls through rings that remember failures.
        leaks: What was left open or running after a storm.
        hang_ups: For each way of cancelling a call: the seconds until the provider noticed, and
            how many times it never did.
    """

    fresh: list[Outcome]
    steady: list[Outcome]
    leaks: list[str]
    hang_ups: dict[str, tuple[list[float], int]]

    @property
    def is_clean(self) -> bool:
        """True if nothing was lost, wrong, late or leaked, and each fault struck."""
        outcomes = self.fresh + self.steady
        lost = any(each.answered < each.requests or each.wrong or each.late for each in outcomes)
        lost = lost or not all(each.is_struck for each in self.fresh)
        return not (lost or self.leaks or any(never for _, never in self.hang_ups.values()))


async def run(place: Place, faults: Sequence[str], requests: int) -> Findings:
    """Run every fault, with new rings for each wave and with one that remembers."""
    found = Findings([], [], [], {})
    with tempfile.TemporaryDirectory() as folder:
        path = lockfile(Path(folder), place)
        async with ring_at(path) as ring:
            await ring.chat("good", "Hi")
        # The ledger opens its files, which stay open, a little after the first call.
        await settled()
        for name, outcomes in (("fresh", found.fresh), ("steady", found.steady)):
            for fault in faults:
                for mode in get_args(Mode):
                    outcome = await _one(path, place, name, fault, mode, requests, found.leaks)
                    outcomes.append(outcome)
        for way in WAYS:
            found.hang_ups[way] = await hang_ups(path, place, way, HANG_UPS, HANG_UPS_AT_ONCE)
    return found


async def _one(
    path: Path,
    place: Place,
    driver: str,
    fault: str,
    mode: Mode,
    requests: int,
    leaks: list[str],
) -> Outcome:
    await asyncio.to_thread(lambda: None)  # starts the thread that would look like a leak
    before = Held.now()
    with jumping_clock() if fault == "clock" else contextlib.nullcontext():
        outcome = await DRIVERS[driver](path, fault, mode, requests, AT_ONCE)
    leak = await leaked(before, place)
    if leak:
        leaks.append(f"{fault}, {mode}, {driver}: {leak}")
    sys.stderr.write(
        f"{driver} {fault} {mode}: {outcome.answered}/{outcome.requests} {leak or ''}\n"
    )
    for error, times in outcome.errors.items():
        sys.stderr.write(f"    {times} x {error}\n")
    return outcome


def storm_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Format the results; the time added is relative to the healthy model."""
    good = {each.mode: each.p99 for each in outcomes if each.fault == "good"}
    lines = [
        "| fault | calls | requests | answered | failed over | wrong | late | p99 added |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for each in outcomes:
        added = (each.p99 - good[each.mode]) * 1000
        lines.append(
            f"| {each.fault} | {each.mode} | {each.requests:,} | {each.answered:,} "
            f"| {each.failed_over:,} | {each.wrong} | {each.late} | {added:,.0f} ms |"
        )
    return lines


def hang_up_table(found: dict[str, tuple[list[float], int]]) -> list[str]:
    """Format how soon the provider noticed."""
    lines = [
        "| how the call was cancelled | calls | never noticed | p50 | p99 | longest |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for way, (seconds, never) in found.items():
        p99 = statistics.quantiles(seconds, n=100, method="inclusive")[-1]
        figures = (statistics.median(seconds), p99, max(seconds))
        shown = " | ".join(f"{figure * 1000:.1f} ms" for figure in figures)
        lines.append(f"| {way} | {len(seconds) + never} | {never} | {shown} |")
    return lines


def written(found: Findings, requests: int) -> str:
    """Format the findings as a chapter in Markdown."""
    leaks = [f"- {leak}" for leak in found.leaks] or ["Nothing was left open or running."]
    lines = [
        f"`make chaos REQUESTS={requests}`, {date.today()}: {conditions()}; {AT_ONCE} calls at "
        f"once, each with a deadline of {DEADLINE_SECONDS:g} s.",
        "",
        "Each call meets the fault (rings without open circuits):",
        "",
        *storm_table(found.fresh),
        "",
        "One ring for all calls, which skips the failing model once its circuit is open:",
        "",
        *storm_table(found.steady),
        "",
        "Tasks, sockets and file descriptors, checked after each line above: "
        + " ".join(leaks if not found.leaks else ["these were left:"]),
        *(leaks if found.leaks else []),
        "",
        "Until the provider saw the connection end:",
        "",
        *hang_up_table(found.hang_ups),
    ]
    return "\n".join(lines)


def conditions() -> str:
    """Describe the software and the machine of the run."""
    return (
        f"llmring {__version__}, httptools {version('httptools')}, "
        f"CPython {platform.python_version()}, {platform.system()} on {os.cpu_count()} cores"
    )


def save(path: Path, mark: str, text: str) -> None:
    """Replace the text between two marks in a file.

    Args:
        path: The file.
        mark: The name in the marks `<!-- name -->` and `<!-- end of name -->`.
        text: The new text.
    """
    before, _, rest = path.read_text().partition(f"<!-- {mark} -->\n")
    _, _, after = rest.partition(f"<!-- end of {mark} -->")
    path.write_text(f"{before}<!-- {mark} -->\n{text}\n<!-- end of {mark} -->{after}")


def main() -> int:
    """Run every fault and print the tables; save them with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="how many calls per fault")
    parser.add_argument("--fault", action="append", help="only this fault; can be repeated")
    parser.add_argument("--save", type=Path, help="the file to save the tables in")
    arguments = parser.parse_args()
    faults = tuple(dict.fromkeys(("good", *(arguments.fault or ALL_FAULTS))))
    with farm() as place:
        found = asyncio.run(run(place, faults, arguments.requests))
    text = written(found, arguments.requests)
    sys.stdout.write(text + "\n")
    if arguments.save:
        save(arguments.save, "storm", text)
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
