"""Commands that read the ledger count the calls of one project, or of all."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Call, lockfile_of, write
from ledgers import entry, keep
from llmring.clock import SYSTEM

ALIASES = lockfile_of(default={"fast": ["mock:a"]})
NAMED = f'name = "app"\n{ALIASES}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture(autouse=True)
def calls(path: Path) -> None:
    here = os.path.realpath("llmring.lock")
    projects = ["app", "app", here, "another", None]
    keep(path, *(entry(at, alias=f"a{at}", project=each) for at, each in enumerate(projects)))


def counted(call: Call, *words: str) -> int:
    """Return the number of calls that `stats` and `logs` find."""
    total = json.loads(call("stats", "--json", *words).out)["total"]["calls"]
    assert len(json.loads(call("logs", "--json", *words).out)) == total
    return int(total)


def test_a_lockfile_without_a_name_counts_calls_by_its_path(call: Call) -> None:
    write(ALIASES)

    assert counted(call) == 1


def test_a_lockfile_with_a_name_counts_its_calls_and_those_from_before_it_had_one(
    call: Call,
) -> None:
    write(NAMED)

    assert counted(call) == 3


def test_all_projects_include_calls_that_were_recorded_without_one(call: Call) -> None:
    write(NAMED)

    assert counted(call, "--all-projects") == 5


def test_another_lockfile_can_be_named(call: Call, tmp_path: Path) -> None:
    write(NAMED)
    other = write(NAMED.replace("app", "another"), str(tmp_path / "other.lock"))

    assert counted(call, "--file", str(other)) == 1


def test_without_a_lockfile_all_calls_count(call: Call) -> None:
    assert counted(call) == 5


@pytest.mark.parametrize("command", ["stats", "logs"])
def test_a_project_without_calls_is_named_with_the_way_to_see_others(
    call: Call, command: str
) -> None:
    write(ALIASES.replace("version", 'name = "new"\nversion', 1), "new.lock")

    outcome = call(command, "--file", "new.lock")

    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.endswith(" of new; count all: --all-projects\n")


def test_stats_can_be_grouped_by_project(call: Call) -> None:
    found = json.loads(call("stats", "--by", "project", "--all-projects", "--json").out)["groups"]

    assert {group["name"]: group["calls"] for group in found} == {
        "app": 2,
        "": 1,
        "another": 1,
        os.path.realpath("llmring.lock"): 1,
    }
    assert "(not recorded)" in call("stats", "--by", "project", "--all-projects").out


def test_costs_of_recorded_calls_are_those_of_this_project(call: Call, path: Path) -> None:
    now: dict[str, Any] = {"at": SYSTEM.now(), "alias": "fast"}
    keep(
        path,
        entry(id="mine", project="app", **now),
        entry(id="other", project="another", **now),
        entry(id="unknown", project="app", usage=None, **now),
    )
    write(NAMED.replace("mock:a", "openai:gpt-4o-mini"))

    outcome = call("lock", "cost", "--since", "1d")
    assert outcome.out == (
        "profile  alias  calls  model               cost        fallbacks\n"
        "default  fast   2      openai:gpt-4o-mini  $0.0000027\n"
    )
    assert outcome.err == "left out, as their usage is unknown: 1 of 2 calls\n"
    found = json.loads(call("lock", "cost", "--since", "1d", "--all-projects", "--json").out)
    assert found["aliases"] == [
        {
            "profile": "default",
            "alias": "fast",
            "calls": 3,
            "models": [{"model": "openai:gpt-4o-mini", "cost": "0.0000054", "reason": None}],
        }
    ]


def test_recorded_calls_have_their_own_numbers_of_tokens(call: Call) -> None:
    write(NAMED)

    outcome = call("lock", "cost", "--since", "1d", "--tokens-in", "1M")

    assert outcome.code == 2
    assert "leave out the options with TOKENS" in outcome.err
