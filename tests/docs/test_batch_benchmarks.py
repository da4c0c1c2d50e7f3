"""The benchmarks of batches: short runs of them."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_b58_a_batch_that_is_killed_again_and_again_is_complete(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- batch kills -->\n<!-- end of batch kills -->\n")

    ended = run("batch_kills.py", "--rows", "1500", "--kills", "2", "--save", str(page))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Its output has 1,500 rows in their order" in page.read_text()


def test_b54_b55_a_short_run_has_every_figure() -> None:
    ended = run("batch_bench.py", "--rows", "1000", "--rounds", "1", "--sizes", "500", "1000")

    figures = re.findall(r"^\| .+ \| [\d,.+-]+ \|.*$", ended.stdout, re.MULTILINE)
    assert len(figures) == 5


def test_the_pages_have_places_for_batches() -> None:
    for name, mark in (
        ("benchmarks", "batches"),
        ("reliability", "batch kills"),
        ("reliability", "batch soak"),
    ):
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        _, _, rest = page.partition(f"<!-- {mark} -->\n")
        text, closing, _ = rest.partition(f"\n<!-- end of {mark} -->")
        assert text
        assert closing
