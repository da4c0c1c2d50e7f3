"""llmring logs prune: old calls removed from the ledger."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, write
from ledgers import entry, keep
from llmring.clock import SYSTEM
from llmring.ledger.reader import entries

NAMED = f'name = "app"\n{lockfile_of(default={"fast": ["mock:a"]})}'
KEEP = '\n[ledger]\nkeep = "90d"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture(autouse=True)
def calls(path: Path) -> None:
    now = SYSTEM.now()
    for days in (1, 50, 100):
        for project in ("app", "another", None):
            at = now - timedelta(days=days)
            keep(path, entry(id=f"{days} {project}", at=at, project=project))


def left(path: Path) -> set[str]:
    return {each.id for each in entries(path)}


def test_calls_of_this_project_beyond_an_age_are_removed_and_counted(
    call: Call, path: Path
) -> None:
    write(NAMED)
    before = left(path)

    outcome = call("logs", "prune", "--older-than", "7w")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("2 calls from before ")
    assert outcome.out.endswith(" UTC removed\n")
    assert before - left(path) == {"50 app", "100 app"}
    assert call("logs", "prune", "--older-than", "7w").out.startswith("0 calls ")


def test_without_an_age_that_of_the_lockfile_is_taken_for_calls_made_with_it(
    call: Call, path: Path
) -> None:
    mine = write(NAMED + KEEP)
    at = SYSTEM.now() - timedelta(days=91)
    keep(path, entry(id="mine", at=at, project="app", lockfile=str(mine.resolve())))
    keep(path, entry(id="another checkout", at=at, project="app", lockfile="/a/llmring.lock"))
    before = left(path)

    assert call("logs", "prune").out.startswith("1 call from before ")
    assert before - left(path) == {"mine"}


def test_calls_of_all_projects_can_be_removed(call: Call, path: Path) -> None:
    write(NAMED + KEEP)

    found = json.loads(call("logs", "prune", "--older-than", "7w", "--all-projects", "--json").out)

    assert (found["removed"], found["projects"]) == (6, None)
    assert left(path) == {"1 app", "1 another", "1 None"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --older-than, such as 90d, or set [ledger] keep in the lockfile"),
        (["--all-projects"], "--all-projects needs --older-than"),
        (["--older-than", "3m"], "'3m' is not an age; write 90d, 12w or 36h"),
        (["--older-than", "0d"], "'0d' is not an age"),
    ],
)
def test_wrong_usage_removes_nothing(
    call: Call, path: Path, words: list[str], message: str
) -> None:
    write(NAMED)

    outcome = call("logs", "prune", *words)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert len(left(path)) == 9


def test_without_a_lockfile_of_one_s_own_nothing_is_removed_unasked(call: Call, path: Path) -> None:
    outcome = call("logs", "prune", "--older-than", "7w")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith("add --all-projects\n")
    assert len(left(path)) == 9
    assert call("logs", "prune", "--older-than", "7w", "--all-projects").out.startswith("6 calls")


def test_the_help_says_that_calls_are_removed(call: Call) -> None:
    shown = " ".join(call("logs", "prune", "--help").out.split())

    assert "--all-projects remove calls of all projects" in shown


def test_a_ledger_that_is_locked_is_an_error(
    call: Call, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmring.ledger.sqlite.PATIENCE_SECONDS", 0.05)
    write(NAMED)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    outcome = call("logs", "prune", "--older-than", "1d")

    assert outcome.code == 1
    assert is_plain_error(outcome.err)
    assert "locked" in outcome.err
    other.execute("ROLLBACK")
    other.close()


def test_a_file_is_made_small_on_demand(call: Call, path: Path) -> None:
    at = SYSTEM.now() - timedelta(days=100)
    keep(path, *(entry(number, at=at, answer="x" * 3000) for number in range(300)))
    size = path.stat().st_size

    call("logs", "prune", "--older-than", "7w", "--all-projects", "--compact")

    assert path.stat().st_size < size / 10
    assert len(left(path)) == 3
