"""docs/ledger.md: its code and commands run, and its table is complete."""

import re
from pathlib import Path

import pytest

from llmring.cli.main import main
from llmring.ledger import writer
from llmring.ledger.columns import COLUMNS
from llmring.ledger.entry import LedgerEntry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_code_of_the_page_runs(code: str) -> None:
    exec(code, {})  # noqa: S102 -- our own page


def test_the_table_lists_every_recorded_field() -> None:
    section = PAGE.partition("\n## What is recorded\n")[2].partition("\nNo text")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    listed = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert listed == set(LedgerEntry.__struct_fields__) - {"id", "prompt", "answer"}


@pytest.mark.parametrize("line", re.findall(r"^\$ llmring (.*)$", PAGE, re.MULTILINE))
def test_the_commands_of_the_page_run(line: str) -> None:
    Path("llmring.lock").write_text('name = "app"\n')

    assert main(line.split()) == 0


def test_the_figures_are_those_of_the_code() -> None:
    assert writer.GATHER_SECONDS == 0.25
    assert f"{writer.MOST_WAITING:,} entries wait" in " ".join(PAGE.split())
    assert {"at", "cost", "usage", "story", "tags"} <= set(COLUMNS)
