"""What was tried against the guards of docs/security.md, as a table of the results.

    PYTHONPATH=tests python -m chaos.threats --save docs/reliability.md

Runs the tests of each guard, and counts them, the inputs that Hypothesis made up for them, and the
requests that their servers got. Exits with 1 if a test failed. It is also the plugin of pytest that
counts the requests.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import loopback
from chaos.report import conditions, save

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
_ROW = re.compile(r"^\| (.+?) \| .+ \| ((?:`tests/\S+`(?:, )?)+) \|$", re.MULTILINE)


class Guard(Struct, frozen=True):
    """A threat, and the tests of its guard."""

    threat: str
    tests: tuple[str, ...]


class Trial(Struct):
    """The result of running the tests of a guard.

    Attributes:
        guard: The guard.
        passed: Tests that passed.
        failed: Tests that failed, or could not be run.
        skipped: Tests that need something that is missing here.
        inputs: Inputs that Hypothesis made up.
        requests: Requests that servers on loopback got.
    """

    guard: Guard
    passed: int
    failed: int
    skipped: int
    inputs: int
    requests: int


def guards(page: str) -> list[Guard]:
    """Return the guards in the table of a page."""
    return [Guard(row[1], tuple(re.findall(r"`(\S+)`", row[2]))) for row in _ROW.finditer(page)]


def tried(guard: Guard) -> Trial:
    """Run the tests of a guard."""
    words = ["-q", "-p", "chaos.threats", "--hypothesis-show-statistics", *guard.tests]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )

    def counted(pattern: str) -> int:
        return sum(map(int, re.findall(rf"(\d+) {pattern}", done.stdout)))

    failed = counted(r"(?:failed|errors?)\b(?=.* in \d)")
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr)
    return Trial(
        guard,
        passed=counted(r"passed\b"),
        failed=failed or int(done.returncode != 0),
        skipped=counted(r"skipped\b"),
        inputs=counted("passing, ") + counted("failing, and"),
        requests=counted("requests to servers on loopback"),
    )


def table(trials: Sequence[Trial]) -> list[str]:
    """Format the results as a table in Markdown, with the sums last."""
    lines = [
        "| tried: | tests | made-up inputs | requests | skipped | failed |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    rows = [(each.guard.threat, each) for each in trials]
    whole = Trial(
        Guard("all of these", ()),
        *(
            sum(getattr(each, name) for each in trials)
            for name in ("passed", "failed", "skipped", "inputs", "requests")
        ),
    )
    for threat, each in [*rows, (whole.guard.threat, whole)]:
        figures = (each.passed + each.failed, each.inputs, each.requests, each.skipped, each.failed)
        lines.append(f"| {threat} | " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    return lines


def written(trials: Sequence[Trial]) -> str:
    """Format the results as a chapter in Markdown."""
    return "\n".join([f"`make threats`, {date.today()}: {conditions()}.", "", *table(trials)])


def main() -> int:
    """Run the tests of every guard and print the table; save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--save", type=Path, help="the file to save the table in")
    arguments = parser.parse_args()
    trials = [tried(guard) for guard in guards(PAGE.read_text(encoding="utf-8"))]
    text = written(trials)
    sys.stdout.write(text + "\n")
    if arguments.save:
        save(arguments.save, "threats", text)
    return 1 if any(each.failed for each in trials) else 0


_requests: list[loopback.Request] = []


def pytest_configure() -> None:
    """Count the requests that the tests' servers read."""
    read: Any = loopback._read_request

    def counted(connection: Any) -> loopback.Request | None:
        request: loopback.Request | None = read(connection)
        if request is not None:
            _requests.append(request)
        return request

    loopback._read_request = counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the count."""
    terminalreporter.write_line(f"{len(_requests)} requests to servers on loopback")


if __name__ == "__main__":
    sys.exit(main())
