"""Totals from the sums by day: as those from the calls, and of removed calls too."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from ledgers import NOON, entry, keep
from llmring.exceptions import ConfigurationError
from llmring.ledger.daily import DAYS
from llmring.ledger.daily_report import (
    DailyBy,
    DailyTotal,
    DayFilter,
    daily_total,
    daily_totals,
    recount,
)
from llmring.ledger.entry import LoggedAttempt
from llmring.ledger.open import store_at
from llmring.ledger.prune import prune
from llmring.ledger.reader import CallFilter
from llmring.ledger.report import Total, total, totals

DAY = timedelta(days=1)
TODAY = NOON.date()

CALLS = (
    entry(1, ms=90.0, project="app", key="ci", team="blue"),
    entry(2, ms=300.0, project="app", key="ci", team="blue", cost=None, cost_reason="no price"),
    entry(3, ms=2000.0, model="x:y", alias=None, cost=Decimal("1.1"), profile="prod"),
    entry(4, outcome="failed", model=None, usage=None, cost=None, error="ProviderTimeoutError"),
    entry(5, outcome="refused", model=None, usage=None, cost=None, at=NOON + DAY),
    entry(6, outcome="cancelled", model=None, usage=None, cost=None, at=NOON + DAY),
    entry(7, cost=Decimal(0), cache="hit", saved=Decimal("0.02"), key="web", at=NOON + DAY),
    entry(8, story=(LoggedAttempt("x:y", "failed"), LoggedAttempt("openai:gpt-4o-mini", "ok"))),
)


def exact(found: Total) -> Total:
    """Return a total with only what those of days and of calls have in common."""
    fields = {name: getattr(found, name) for name in Total.__struct_fields__}
    return Total(**{**fields, "median_ms": None, "p95_ms": None})


@pytest.mark.parametrize("by", sorted(set(get_args(DailyBy)) - {"outcome"}))
def test_totals_are_those_of_the_calls(place: Path | str, by: DailyBy) -> None:
    keep(place, *CALLS)

    found = daily_totals(place, DayFilter(), by)

    assert [exact(each) for each in found] == [
        exact(each)
        for each in totals(place, CallFilter(), by)  # type: ignore[arg-type]
    ]
    assert exact(daily_total(place, DayFilter())) == exact(total(place, CallFilter()))


def test_each_field_of_a_filter_filters(place: Path | str) -> None:
    keep(place, *CALLS)

    def count(**fields: object) -> int:
        return daily_total(place, msgspec.convert(fields, DayFilter)).calls

    assert count() == 8
    assert count(since=TODAY + DAY) == 3
    assert count(until=TODAY + DAY) == 5
    assert count(projects=("app",)) == 2
    assert count(alias="fast") == 7
    assert count(model="x:y") == count(profile="prod") == 1
    assert count(key="ci") == count(team="blue") == 2
    assert count(key="ci", team="red") == 0


def test_durations_are_counted_in_ranges(place: Path | str) -> None:
    times = [*[80.0] * 10, *[101.0] * 9, 700.0]
    keep(place, *(entry(number, ms=ms) for number, ms in enumerate(times)))

    found = daily_total(place, DayFilter())

    assert {end: count for end, count in found.ranges.items() if count} == {
        100: 10,
        250: 9,
        1000: 1,
    }
    assert (found.median_ms, found.p95_ms, found.answered) == (100.0, 250.0, 20)


def test_a_duration_beyond_the_last_range_is_unknown(place: Path | str) -> None:
    keep(place, entry(1, ms=10_000_000.0))

    assert daily_total(place, DayFilter()).median_ms is None


def test_nothing_is_counted_where_there_is_nothing(place: Path | str) -> None:
    assert daily_total(place, DayFilter()) == DailyTotal(name="")
    assert daily_totals(place, DayFilter(), "alias") == []
    keep(place, entry(1))
    assert daily_total(place, DayFilter(since=TODAY + DAY)) == DailyTotal(name="")


def test_g132_spending_stays_visible_when_calls_are_removed(place: Path | str) -> None:
    keep(place, *CALLS)
    before = daily_totals(place, DayFilter(), "day")

    assert prune(place, CallFilter(until=NOON + DAY)) == 5

    assert daily_totals(place, DayFilter(), "day") == before
    recount(place)
    assert daily_totals(place, DayFilter(), "day") == before


def test_damaged_sums_are_made_again(place: Path | str) -> None:
    keep(place, *CALLS)
    before = daily_totals(place, DayFilter(), "alias")
    store = store_at(place)
    with store._used() as connection:  # type: ignore[attr-defined]
        connection.execute(f"UPDATE {DAYS} SET calls = calls + 5")  # noqa: S608
        connection.execute(f"DELETE FROM {DAYS} WHERE profile = 'prod'")  # noqa: S608
    store.close()
    assert daily_totals(place, DayFilter(), "alias") != before

    recount(place)

    assert daily_totals(place, DayFilter(), "alias") == before


def test_sums_of_a_file_that_is_no_ledger_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("no database " * 100)

    with pytest.raises(ConfigurationError, match="not a database"):
        recount(tmp_path / "ledger.sqlite")
    with pytest.raises(ConfigurationError, match="not a database"):
        daily_total(tmp_path / "ledger.sqlite", DayFilter())


def test_calls_that_come_late_for_a_removed_day_count(place: Path | str) -> None:
    keep(place, *CALLS)
    prune(place, CallFilter())
    keep(place, entry(90, alias="late"))
    recount(place)

    found = {each.name: each.calls for each in daily_totals(place, DayFilter(), "alias")}

    assert found == {"fast": 7, "": 1, "late": 1}
    assert daily_total(place, DayFilter(until=date(2026, 11, 24))).calls == 6
