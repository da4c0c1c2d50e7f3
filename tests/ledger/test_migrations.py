"""Ledgers of earlier versions: read as they are, and brought to this version without loss."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledgers import entry, keep
from llmring.ledger.columns import COLUMNS, TABLE, row_of
from llmring.ledger.daily_report import DayFilter, daily_total, daily_totals
from llmring.ledger.migrations import MIGRATIONS, VERSION
from llmring.ledger.reader import CallFilter, entries, entries_in
from llmring.ledger.report import total, totals

# The columns of versions 1 and 2, in their order.
FIRST, SECOND = 25, 27


def make_first(place: Path | str, *numbers: int, version: int = 1) -> None:
    """Make a ledger as version 1 of its table has made it, or 2, with these calls."""
    width = (FIRST, SECOND)[version - 1]
    marks = ("?" if isinstance(place, Path) else "%s",) * width
    insert = f"INSERT INTO {TABLE} VALUES ({', '.join(marks)})"  # noqa: S608
    rows = [tuple(row_of(entry(number)))[:width] for number in numbers]
    with connected(place) as execute:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                execute(statement)
        for row in rows:
            execute(insert, row)
        if isinstance(place, Path):
            execute(f"PRAGMA user_version = {version}")
        else:
            execute("CREATE TABLE llmring_ledger (version INTEGER NOT NULL)")
            execute("INSERT INTO llmring_ledger VALUES (%s)", (version,))


@contextlib.contextmanager
def connected(place: Path | str) -> Iterator[Callable[..., object]]:
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(place, isolation_level=None)
        yield connection.execute
        connection.close()
        return
    import psycopg

    with psycopg.connect(place, autocommit=True) as database:
        yield database.execute


def test_the_first_version_has_the_columns_that_it_had() -> None:
    assert list(COLUMNS)[FIRST - 1 : FIRST + 2] == ["answer", "project", "lockfile"]
    assert VERSION == 3


def test_an_earlier_ledger_is_read_as_it_is(place: Path | str) -> None:
    make_first(place, 1, 2)

    assert list(entries(place)) == [entry(1), entry(2)]
    assert total(place, CallFilter()).calls == 2
    assert total(place, CallFilter(projects=("app",))).calls == 0
    assert [each.name for each in totals(place, CallFilter(), "project")] == [""]
    assert len(list(entries_in(place, CallFilter(), limit=1))) == 1
    with connected(place) as execute, pytest.raises(Exception, match="project"):
        execute(f"SELECT project FROM {TABLE}")  # noqa: S608


def test_the_first_call_of_this_version_adds_the_columns_and_loses_nothing(
    place: Path | str,
) -> None:
    make_first(place, 1, 2)
    keep(place, entry(3, project="app", lockfile="/app/llmring.lock"))

    assert list(entries(place)) == [
        entry(1),
        entry(2),
        entry(3, project="app", lockfile="/app/llmring.lock"),
    ]
    assert [each.id for each in entries(place, projects=("app",))] == [entry(3).id]


def test_an_earlier_ledger_on_a_read_only_disk_is_read(tmp_path: Path) -> None:
    place = tmp_path / "state" / "ledger.sqlite"
    make_first(place, 1)
    place.chmod(0o400)
    before = place.read_bytes()

    assert list(entries(place)) == [entry(1)]
    assert place.read_bytes() == before
    os.chmod(place, 0o600)  # noqa: PTH101


def test_a_program_of_an_earlier_version_that_has_the_file_open_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "state" / "ledger.sqlite"
    make_first(place, 1)
    older = sqlite3.connect(place, isolation_level=None)
    older.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone()  # noqa: S608
    keep(place, entry(2))
    names = ", ".join(list(COLUMNS)[:FIRST])
    marks = ", ".join("?" * FIRST)
    older.execute(
        f"INSERT INTO {TABLE} ({names}) VALUES ({marks})",  # noqa: S608
        tuple(row_of(entry(3)))[:FIRST],
    )
    older.close()

    assert list(entries(place)) == [entry(1), entry(2), entry(3)]


@pytest.mark.parametrize("version", [1, 2])
def test_sums_by_day_begin_with_the_calls_of_an_earlier_ledger(
    place: Path | str, version: int
) -> None:
    make_first(place, 1, 2, version=version)
    before = daily_totals(place, DayFilter(), "alias")

    keep(place, entry(3, key="ci"))

    assert [each.calls for each in before] == [2]
    assert [each.calls for each in daily_totals(place, DayFilter(), "alias")] == [3]
    assert daily_total(place, DayFilter(key="ci")).calls == 1


def test_filters_for_a_gateway_s_calls_find_none_in_an_earlier_ledger(place: Path | str) -> None:
    make_first(place, 1, 2)

    assert total(place, CallFilter(key="ci")).calls == 0
    assert [each.name for each in totals(place, CallFilter(), "team")] == [""]
    assert daily_total(place, DayFilter(team="blue")).calls == 0
