"""Projects: what is counted together, and what is not, in budgets, limits and the ledger."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from ledgers import entry, keep, wait_for
from llmring import BudgetExceededError, LimitExceededError, LLMRequest, LLMRing
from llmring.clock import SYSTEM
from llmring.ledger.reader import entries
from llmring.limits import redis_connection
from loopback import Loopback
from redis_server import RedisServer
from rings import MODEL, environ_of

# One call fits: its estimate is some $0.0006, and its answer reports no usage, so it stays counted.
BUDGET = "daily_budget = 0.0008"
UNKNOWN_COST = answers.openai("Hi", usage=None)


@pytest.fixture
def environ(serve: Callable[..., Loopback], tmp_path: Path) -> dict[str, str]:
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_STATE_HOME": str(tmp_path / "state")}
    return {**os.environ, **environ_of(serve(UNKNOWN_COST)), **own}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


def project(folder: Path, more: str = BUDGET, head: str = "") -> Path:
    """Write a lockfile with the alias `fast` into a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "llmring.lock"
    path.write_text(
        f'version = "1.0"\n{head}\n[profiles.default]\n[[profiles.default.bindings]]\n'
        f'alias = "fast"\nmodels = ["{MODEL}"]\n{more}\n'
    )
    return path


def spend(path: Path, environ: dict[str, str]) -> bool:
    """Make a call; return False if the budget refuses it."""
    try:
        with LLMRing(path, environ=environ) as ring:
            ring.chat("fast", "Hello").result()
    except BudgetExceededError:
        return False
    return True


def test_binding_an_alias_begins_no_new_budget(tmp_path: Path, environ: dict[str, str]) -> None:
    path = project(tmp_path / "app")
    assert spend(path, environ)

    with LLMRing(path, environ=environ) as ring:
        ring.bind_alias("other", MODEL)

    assert not spend(path, environ)


def test_two_projects_with_the_same_alias_have_budgets_of_their_own(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    assert spend(project(tmp_path / "one"), environ)
    assert spend(project(tmp_path / "two"), environ)


def test_two_checkouts_with_the_same_name_share_a_budget(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    assert spend(project(tmp_path / "one", head='name = "app"'), environ)
    assert not spend(project(tmp_path / "two", head='name = "app"'), environ)
    assert spend(project(tmp_path / "three", head='name = "another"'), environ)


def test_a_project_reached_over_a_link_has_one_budget(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    project(tmp_path / "release")
    (tmp_path / "current").symlink_to(tmp_path / "release")

    assert spend(tmp_path / "current" / "llmring.lock", environ)
    assert not spend(tmp_path / "release" / "llmring.lock", environ)


def test_limits_of_a_minute_are_counted_by_the_name_too(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    paths = [project(tmp_path / place, "rpm = 1", 'name = "minutes"') for place in ("a", "b")]
    request = LLMRequest(model="fast", messages="Hello", timeout=0.5)

    with LLMRing(paths[0], environ=environ) as ring:
        ring.chat(request).result()
    with LLMRing(paths[1], environ=environ) as ring, pytest.raises(LimitExceededError):
        ring.chat(request).result()


def test_the_status_names_the_project(tmp_path: Path, environ: dict[str, str]) -> None:
    named, unnamed = project(tmp_path / "a", head='name = "app"'), project(tmp_path / "b")

    assert LLMRing(named, environ=environ).status().project == "app"
    assert LLMRing(unnamed, environ=environ).status().project == os.path.realpath(unnamed)
    fleet = {**environ, "LLMRING_REDIS_URL": "redis://127.0.0.1:1/0"}
    assert LLMRing(unnamed, environ=fleet).status().project == (
        f"{socket.gethostname()}:{os.path.realpath(unnamed)}"
    )


def test_the_ledger_has_the_project_of_each_call(
    tmp_path: Path, environ: dict[str, str], ledger: Path
) -> None:
    named, unnamed = project(tmp_path / "a", head='name = "app"'), project(tmp_path / "b")
    for path in (named, unnamed):
        spend(path, environ)
    with LLMRing(named, environ=environ) as ring, pytest.raises(Exception, match="no alias"):
        ring.chat("unknown", "Hello").result()

    assert [(each.project, each.lockfile) for each in wait_for(ledger, 3)] == [
        ("app", os.path.realpath(named)),
        (os.path.realpath(unnamed), os.path.realpath(unnamed)),
        ("app", os.path.realpath(named)),
    ]


def test_a_name_given_while_the_program_runs_counts_from_the_next_call(
    tmp_path: Path, environ: dict[str, str], ledger: Path
) -> None:
    path = project(tmp_path / "app", more="")
    with LLMRing(path, environ=environ) as ring:
        ring.chat("fast", "Hello").result()
        project(tmp_path / "app", more="", head='name = "app"')
        ring.chat("fast", "Hello").result()

    assert [each.project for each in wait_for(ledger, 2)] == [os.path.realpath(path), "app"]


KEEP = '[ledger]\nkeep = "90d"\n'
LONG_AGO = SYSTEM.now().replace(year=2020)


def test_calls_older_than_the_lockfile_keeps_them_are_removed(
    tmp_path: Path, environ: dict[str, str], ledger: Path
) -> None:
    path = project(tmp_path / "app", KEEP, 'name = "app"')
    mine: dict[str, Any] = {"project": "app", "lockfile": os.path.realpath(path)}
    keep(
        ledger,
        entry(id="old", at=LONG_AGO, **mine),
        entry(id="of another", at=LONG_AGO, project="another"),
    )
    spend(path, environ)

    ids = {"old"}
    for _ in range(200):
        ids = {each.id for each in wait_for(ledger, 2)}
        if "old" not in ids:
            break
        asyncio.run(asyncio.sleep(0.05))
    assert "old" not in ids
    assert "of another" in ids
    assert len(ids) == 2


def test_a_package_does_not_decide_how_long_calls_are_kept(
    tmp_path: Path, environ: dict[str, str], ledger: Path
) -> None:
    path = project(tmp_path / "site-packages" / "library", KEEP)
    mine: dict[str, Any] = {"project": os.path.realpath(path), "lockfile": os.path.realpath(path)}
    keep(ledger, entry(id="old", at=LONG_AGO, **mine))
    spend(path, environ)
    wait_for(ledger, 2)
    asyncio.run(asyncio.sleep(0.5))

    assert "old" in {each.id for each in entries(ledger)}


@pytest.fixture
def fleet(
    environ: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Return the variables of a process that shares its budgets in Redis."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    return {**environ, "LLMRING_REDIS_URL": redis_url}


def spent_keys(server: RedisServer) -> str:
    return server.ask("KEYS *spent*").decode()


def test_with_redis_a_name_is_counted_on_all_machines(
    tmp_path: Path, fleet: dict[str, str], redis_server: RedisServer
) -> None:
    assert spend(project(tmp_path / "one", head='name = "app"'), fleet)
    # Another machine has another cache folder, and perhaps another path.
    elsewhere = {**fleet, "XDG_CACHE_HOME": str(tmp_path / "elsewhere")}
    assert not spend(project(tmp_path / "two", head='name = "app"'), elsewhere)
    assert socket.gethostname() not in spent_keys(redis_server)


def test_with_redis_and_without_a_name_each_machine_counts_its_own_and_is_warned_once(
    tmp_path: Path,
    fleet: dict[str, str],
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = project(tmp_path / "app")
    with caplog.at_level(logging.WARNING, "llmring"):
        assert spend(path, fleet)
        assert not spend(path, fleet)

    assert f"{socket.gethostname()}:{os.path.realpath(path)}" in spent_keys(redis_server)
    [warning] = [each.message for each in caplog.records if "has no name" in each.message]
    assert str(path) in warning
    assert 'add name = "…"' in warning


@pytest.mark.parametrize("head", ['name = "app"', ""], ids=["with a name", "without Redis"])
def test_nobody_is_warned_whose_budgets_are_counted_as_meant(
    tmp_path: Path,
    fleet: dict[str, str],
    environ: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    head: str,
) -> None:
    spend(project(tmp_path / "app", head=head), fleet if head else environ)

    assert not [each for each in caplog.records if "has no name" in each.message]


def test_the_budget_is_what_the_status_shows(tmp_path: Path, environ: dict[str, str]) -> None:
    path = project(tmp_path / "app", head='name = "app"')
    spend(path, environ)

    [spent] = LLMRing(path, environ=environ).status().spending
    assert spent.spent > Decimal(0)
