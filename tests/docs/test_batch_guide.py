"""docs/guides/batch.md and examples/batch: their code and commands run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from llmring.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guides" / "batch.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "examples" / "batch" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_code_of_the_page_runs(code: str) -> None:
    exec(code, {})  # noqa: S102 -- our own page


@pytest.mark.parametrize("line", re.findall(r"^\$ llmring (.*)$", PAGE + EXAMPLE, re.MULTILINE))
def test_the_commands_of_the_pages_run(line: str) -> None:
    shutil.copy(ROOT / "examples" / "batch" / "peaks.csv", ".")

    assert main(shlex.split(line)) == 0


def test_the_example_has_an_answer_for_each_row() -> None:
    shutil.copy(ROOT / "examples" / "batch" / "peaks.csv", ".")
    [command] = re.findall(r"^\$ llmring (.*)$", EXAMPLE, re.MULTILINE)

    main(shlex.split(command))

    rows = Path("facts.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 11
    assert "When was Denali (6190 m) first climbed?" in rows[4]


def test_every_option_of_the_page_is_one_of_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["batch", "--help"])

    shown = capsys.readouterr().out
    named = {*re.findall(r"(--[a-z][a-z-]+)", PAGE)}
    assert {option for option in named if option not in shown} == set()
