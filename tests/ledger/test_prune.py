"""Removal of old calls, in both databases."""

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledgers import NOON, entry, keep
from llmring.clock import Clock
from llmring.exceptions import ConfigurationError
from llmring.ledger import prune as pruning
from llmring.ledger.entry import LedgerEntry
from llmring.ledger.open import store_at
from llmring.ledger.project import Stamp
from llmring.ledger.prune import Retention, prune
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


def test_g132_of_several_processes_one_removes_old_calls(place: Path | str) -> None:
    here = "/app/llmring.lock"
    keep(place, old("old", lockfile=here))
    stores = [store_at(place) for _ in range(3)]
    retentions = [Retention() for _ in stores]
    taken: list[str] = []
    for name, (retention, store) in enumerate(zip(retentions, stores, strict=True)):
        retention.keep(stamp(5 * DAY), Noon())
        retention.look(store)
        before = left(place)
        assert retention.work(store, lambda: False)
        if left(place) != before:
            taken.append(str(name))
        keep(place, old(f"again {name}", lockfile=here))

    for store in stores:
        store.close()

    assert taken == ["0"]
    assert left(place) == ["again 0", "again 1", "again 2"]


def test_a_shorter_age_is_applied_at_once(place: Path | str) -> None:
    here = "/app/llmring.lock"
    keep(place, old("old", lockfile=here), old("older", lockfile=here, at=NOON - 30 * DAY))
    for age in (20 * DAY, 5 * DAY):
        ledger = Ledger(place)
        ledger.keep(stamp(age), Noon())
        ledger.add(entry(id=f"new {age}"))
        ledger.end()

    assert left(place) == ["new 20 days, 0:00:00", "new 5 days, 0:00:00"]


def test_a_removal_waits_for_calls_and_goes_on_after_them(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    here = "/app/llmring.lock"
    keep(place, *(old(f"{number}", lockfile=here) for number in range(7)))
    store, retention = store_at(place), Retention()
    retention.keep(stamp(5 * DAY), Noon())
    retention.look(store)

    assert not retention.work(store, lambda: True)
    assert len(left(place)) == 5
    retention.forget()
    assert retention.work(store, lambda: False)
    assert len(left(place)) == 5
    store.close()


def test_a_file_gives_back_what_removed_calls_have_left(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    keep(place, *(entry(number, answer="x" * 2000) for number in range(2000)))
    size = place.stat().st_size
    keep(place, *(entry(number, answer="x" * 2000) for number in range(5000, 5200)))

    prune(place, CallFilter(until=NOON + timedelta(seconds=3000)))

    assert place.stat().st_size < size / 3
    assert len(left(place)) == 200


def test_space_is_used_again_before_the_file_grows(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    sizes = []
    for day in range(8):
        keep(place, *(entry(9000 * day + number, answer="x" * 2000) for number in range(300)))
        prune(place, CallFilter(until=NOON + timedelta(seconds=9000 * (day - 1))))
        sizes.append(place.stat().st_size)

    assert max(sizes[3:]) < 1.2 * sizes[2]


def test_an_older_file_is_made_small_on_demand(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE other (value TEXT)")
    keep(place, *(entry(number, answer="x" * 2000) for number in range(1000)))
    size = place.stat().st_size

    assert prune(place, CallFilter()) == 1000
    assert place.stat().st_size >= size
    assert prune(place, CallFilter(), compact=True) == 0
    assert place.stat().st_size < size / 10
