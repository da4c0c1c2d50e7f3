"""The comparison of gateways: a short run of it, with `llmring serve` alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"


@pytest.mark.skipif(sys.platform != "linux", reason="CPU and memory come from /proc")
def test_a_short_run_has_every_figure_of_the_gateway_and_no_wrong_answer(tmp_path: Path) -> None:
    options = ["--rounds", "1", "--seconds", "0.02", "--only", "llmring", "--here"]
    paths = ["--peers", str(tmp_path), "--save", str(tmp_path / "page.md")]

    ended = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "gateway_bench.py"), *options, *paths],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    rows = re.findall(r"^\| llmring \|(.*)\|$", ended.stdout, re.MULTILINE)
    assert len(rows) == 4
    cells = [cell.strip() for row in rows for cell in row.split("|")]
    assert len(cells) == 20
    assert all(re.fullmatch(r"-?[\d,.]+", cell) for cell in cells)
    assert "Without a figure" not in ended.stdout


def test_the_page_has_a_place_for_the_gateways() -> None:
    text = PAGE.read_text(encoding="utf-8")

    _, _, rest = text.partition("<!-- gateways -->\n")
    section, _, _ = rest.partition("<!-- end of gateways -->")
    assert section.strip()
