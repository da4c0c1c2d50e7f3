"""llmring teams: add, list, change and remove teams."""

import json
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the teams of each test in a file of its own."""
    monkeypatch.setenv("LLMRING_GATEWAY_DB", f"sqlite://{tmp_path}/keys.sqlite")


@pytest.fixture
def search(call: Call) -> None:
    """Add a team with one key."""
    assert call("teams", "create", "--name", "search", "--monthly-budget", "500").code == 0
    assert call("keys", "create", "--name", "web", "--team", "search").code == 0


def test_g176_a_team_is_listed_with_its_keys(call: Call, search: None) -> None:
    assert call("teams", "list").out.split() == ["search", "1", "$500", "a", "month"]
    shown = json.loads(call("teams", "show", "search", "--json").out)
    assert (shown["monthly_budget"], shown["keys"]) == ("500", ["web"])
    assert "web" in call("teams", "show", "search").out


def test_g176_the_settings_of_a_team_change(call: Call, search: None) -> None:
    done = call("teams", "set", "search", "--monthly-budget", "none", "--rpm", "9", "--json")

    found = json.loads(done.out)
    assert (found["rpm"], "monthly_budget" in found) == (9, False)
    assert call("teams", "set", "search").code == 2


def test_g176_a_team_is_removed_once_it_has_no_keys(call: Call, search: None) -> None:
    refused = call("teams", "remove", "search")
    call("keys", "set", "web", "--team", "none")
    done = call("teams", "remove", "search")

    assert (refused.code, done.code) == (1, 0)
    assert is_plain_error(refused.err)
    assert json.loads(call("teams", "list", "--json").out) == []


def test_g176_an_unknown_team_is_an_error(call: Call, search: None) -> None:
    for words in (["show", "serach"], ["set", "serach", "--rpm", "1"], ["remove", "serach"]):
        done = call("teams", *words)
        assert done.code == 1
        assert "'search'" in done.err
    assert call("teams", "create", "--name", "search").code == 1


def test_g176_without_teams_the_list_names_the_next_step(call: Call) -> None:
    assert "llmring teams create" in call("teams", "list").err
