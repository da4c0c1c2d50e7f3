"""The page of what becomes of calls when models fail: what it says of gateways."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
APIS = ["Chat Completions", "Responses", "Messages", "Gemini", "Ollama"]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def unhidden(text: str) -> list[list[str]]:
    """Return the rows of llmring in which a fault was not hidden from a client."""
    mine = [row for row in rows(text) if row[0].startswith("llmring ")]
    assert [row[1] for row in mine] == APIS
    calls = {row[2].partition(" of ")[2] for row in mine}
    assert len(calls) == 1
    total = calls.pop()
    return [row for row in mine if (row[2], row[6]) != (f"{total} of {total}", total)]


def test_g189_the_page_has_the_faults_that_gateways_hide() -> None:
    _, _, text = PAGE.read_text(encoding="utf-8").partition("<!-- gateways -->")

    assert unhidden(text) == []
    assert {row[0].split()[0].strip(",") for row in rows(text) if len(row) == 11} >= {
        "LiteLLM",
        "Portkey",
        "TensorZero",
    }


def test_g189_what_the_page_says_of_llmring_can_be_measured_again(tmp_path: Path) -> None:
    command = ["benchmarks/gateway_faults.py", "--peers", str(tmp_path), "--gateway", "llmring"]
    faults = ["--fault", "half"]

    ended = subprocess.run(
        [sys.executable, *command, *faults, "--rounds", "1"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert unhidden(ended.stdout) == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors come from /proc")
def test_a_short_soak_has_whole_answers_alone() -> None:
    amounts = ["--minutes", "0.1", "--streams", "20", "--pause", "30", "--settle", "0"]

    ended = subprocess.run(
        [sys.executable, "benchmarks/gateway_soak.py", *amounts],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    found = {row[0]: row[1] for row in rows(ended.stdout)}
    assert (ended.returncode, ended.stderr) == (0, "")
    assert found["Answers that were not whole"] == "0"
    assert int(found["Streams and calls, relayed"]) > 20
    assert int(found["Streams and calls, translated"]) > 20
