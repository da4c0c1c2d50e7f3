"""The page of the benchmarks: the length of its lines, and the section that it keeps."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
WIDTH = 100
MACHINE = "A processor with a long name, 128 cores, 1024 GiB, Linux 6.18.44 x86_64, CPython 3.11.7"

# The modules of benchmarks import each other by name.
WRITE = """
import sys
from pathlib import Path

from figures import Conditions
from measures import Results
from page import write

results = Results()
points = {1: [0.1], 10: [0.2], 100: [0.3]}
results.growth = {"messages": points, "tools": points, "chunks": points, "history": points}
conditions = Conditions("make bench ROUNDS=3", "2026-11-30", sys.argv[2], 3, 1.0, {})
write(results, conditions, Path(sys.argv[1]))
"""
COUNT = """
import sys
from pathlib import Path

from page import INSTRUCTIONS
from section import replace

replace(Path(sys.argv[1]), INSTRUCTIONS, sys.argv[2])
"""


def run(code: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT / "benchmarks",
        check=True,
        capture_output=True,
    )


def long_lines(page: str) -> list[str]:
    return [line for line in page.splitlines() if len(line) > WIDTH and not line.startswith("|")]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    page = tmp_path / "page.md"
    run(WRITE, str(page), MACHINE)
    return page


def test_lines_of_a_written_page_are_short(written: Path) -> None:
    text = written.read_text(encoding="utf-8")

    assert MACHINE in " ".join(text.split())
    assert long_lines(text) == []


def test_lines_of_the_page_are_short() -> None:
    assert long_lines(PAGE.read_text(encoding="utf-8")) == []


def test_a_page_that_is_written_again_keeps_counted_instructions(written: Path) -> None:
    run(COUNT, str(written), "12 instructions\n\n| a | table |")
    counted = written.read_text(encoding="utf-8")

    run(WRITE, str(written), MACHINE)

    assert "12 instructions\n\n| a | table |" in counted
    assert written.read_text(encoding="utf-8") == counted


def test_counted_instructions_replace_earlier_ones_and_nothing_else(written: Path) -> None:
    before = written.read_text(encoding="utf-8")

    run(COUNT, str(written), "an earlier count")
    run(COUNT, str(written), "a later count")

    uncounted = "Not counted yet: run `make bench-instructions`."
    assert uncounted in before
    assert written.read_text(encoding="utf-8") == before.replace(uncounted, "a later count")
