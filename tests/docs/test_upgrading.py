"""docs/upgrading.md: its outputs are those of the commands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import run, write
from llmring.audit.cost_diff import DAYS
from llmring.cli.main import COMMANDS
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "upgrading.md").read_text(encoding="utf-8")
[LOCKFILE] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```console\n\$ llmring (.*?)\n(.*?)```", PAGE, re.DOTALL)
GIT = re.findall(r"^git .*$", PAGE, re.MULTILINE)


@pytest.fixture
def repository() -> None:
    """Create a git repository with the page's lockfile."""
    write(LOCKFILE)
    for line in ("init -q", "add .", "-c user.name=A -c user.email=a@b.example commit -qm one"):
        subprocess.run(["git", *line.split()], check=True)  # noqa: S607 -- our own words
    subprocess.run(["git", "branch", "-M", "main"], check=True)  # noqa: S607


def test_the_example_lockfile_has_no_errors_or_warnings() -> None:
    found = problems(LOCKFILE, PROVIDERS)

    assert [each for each in found if each.severity != "hint"] == []


@pytest.mark.usefixtures("repository")
def test_the_commands_print_the_outputs_on_the_page() -> None:
    for words, shown in SHOWN:
        if words.startswith("lock diff"):
            run("lock", "upgrade")
        result = run(*shlex.split(words))
        assert (words, result.out) == (words, shown or result.out), result.err
        assert result.out


@pytest.mark.usefixtures("repository")
def test_git_difftool_runs_lock_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    write(LOCKFILE.replace("swift-1", "swift-2"))
    assert len(GIT) == 2
    for line in GIT:
        subprocess.run(shlex.split(line), check=True, capture_output=True)
    config = subprocess.run(
        ["git", "config", "difftool.llmring.cmd"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    assert config.stdout == 'llmring lock diff "$LOCAL" "$REMOTE"\n'


def test_the_commands_in_the_table_exist() -> None:
    existing = {" ".join(command.words) for command in COMMANDS}

    assert {*re.findall(r"^\| `llmring (lock \w+)", PAGE, re.MULTILINE)} <= existing


def test_the_days_of_usage_are_those_of_the_code() -> None:
    assert {*re.findall(r"last (\d+) days", PAGE)} == {str(DAYS)}
