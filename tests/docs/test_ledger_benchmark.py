"""The benchmark of the ledger: a short run of it."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"


def test_a_short_run_has_every_figure_and_no_slow_report(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- ledger -->\n<!-- end of ledger -->\nafter\n")

    ended = subprocess.run(
        [
            *(sys.executable, str(ROOT / "benchmarks" / "ledger_bench.py")),
            *("--rows", "5000", "--save", str(page)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    figures = re.findall(r"^\| .+ \| ([\d,.]+) \|$", ended.stdout, re.MULTILINE)
    assert len(figures) == 10
    assert ended.stdout.strip() in page.read_text()


def test_the_page_has_a_place_for_the_ledger() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- ledger -->\n")
    section, _, _ = rest.partition("<!-- end of ledger -->")

    assert section.strip()
