"""Removal of old calls, in both databases."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledgers import NOON, entry, keep
from llmring.clock import Clock
from llmring.exceptions import ConfigurationError
from llmring.ledger import prune as pruning
from llmring.ledger.entry import LedgerEntry
from llmring.ledger.project import Stamp
from llmring.ledger.prune import prune
from llmring.ledger.reader import CallFilter, entries
from llmring.ledger.writer import Ledger

DAY = timedelta(days=1)


class Noon(Clock, frozen=True):
    """A clock fixed at noon."""

    def now(self) -> datetime:
        return NOON


def left(place: Path | str) -> list[str]:
    return [each.id for each in entries(place)]


def test_calls_before_a_moment_are_removed_and_counted(place: Path | str) -> None:
    keep(place, *(entry(number, id=str(number), at=NOON + number * DAY) for number in range(5)))

    assert prune(place, CallFilter(until=NOON + 3 * DAY)) == 3
    assert left(place) == ["3", "4"]
    assert prune(place, CallFilter(until=NOON + 3 * DAY)) == 0


def test_only_calls_of_the_named_projects_are_removed(place: Path | str) -> None:
    for number, project in enumerate(["mine", "mine too", "other", None]):
        keep(place, entry(number, id=str(number), project=project))

    assert prune(place, CallFilter(until=NOON + DAY, projects=("mine", "mine too"))) == 2
    assert left(place) == ["2", "3"]


def test_many_calls_are_removed_in_several_steps(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 3)
    keep(place, *(entry(number) for number in range(10)))

    assert prune(place, CallFilter()) == 10
    assert left(place) == []


def test_a_ledger_that_does_not_exist_has_nothing_to_remove(place: Path | str) -> None:
    assert prune(place, CallFilter()) == 0
    if isinstance(place, Path):
        assert not place.exists()


def test_a_ledger_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("no database " * 100)

    with pytest.raises(ConfigurationError, match="not a database"):
        prune(tmp_path / "ledger.sqlite", CallFilter())


def stamp(age: timedelta | None, lockfile: str = "/app/llmring.lock") -> Stamp:
    return Stamp("default", project="app", lockfile=lockfile, keep=age)


def old(name: str, **more: Any) -> LedgerEntry:
    return entry(**{"id": name, "at": NOON - 10 * DAY, "project": "app", **more})


def test_a_writer_removes_calls_of_its_own_lockfile_that_are_too_old(place: Path | str) -> None:
    here, there = "/app/llmring.lock", "/stranger/llmring.lock"
    keep(
        place,
        old("too old", lockfile=here),
        old("another checkout", lockfile=there),
        old("another project", project="other", lockfile=here),
        old("an earlier version", project=None),
        entry(id="young", at=NOON - DAY, project="app", lockfile=here),
    )
    ledger = Ledger(place)
    ledger.keep(stamp(5 * DAY), Noon())
    ledger.add(entry(id="new"))
    ledger.end()

    assert left(place) == [
        "an earlier version",
        "another checkout",
        "another project",
        "young",
        "new",
    ]


def test_a_writer_removes_nothing_once_keep_is_gone(place: Path | str) -> None:
    keep(place, old("old", lockfile="/app/llmring.lock"))
    ledger = Ledger(place)
    ledger.keep(stamp(5 * DAY), Noon())
    ledger.keep(stamp(None), Noon())
    ledger.add(entry(id="new"))
    ledger.end()

    assert left(place) == ["old", "new"]


def test_a_writer_that_runs_on_removes_calls_without_ending(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    keep(place, old("old", lockfile="/app/llmring.lock"))
    ledger = Ledger(place)
    ledger.keep(stamp(5 * DAY), Noon())
    ledger.add(entry(id="new"))
    until = time.monotonic() + 10
    while left(place) != ["new"] and time.monotonic() < until:
        time.sleep(0.02)

    assert left(place) == ["new"]
    ledger.end()
