"""Totals from the ledger's sums by day: quick for any number of calls, and of removed calls too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from llmring.ledger.daily import DAYS, LENGTHS, LONGEST_MS
from llmring.ledger.open import store_at
from llmring.ledger.report import Total
from llmring.ledger.store import LedgerUnusableError, unreadable

DailyBy = Literal["day", "project", "profile", "alias", "model", "key", "team", "outcome"]

_RANGES = ", ".join(
    f"SUM(CASE WHEN outcome = 'ok' THEN ms_{end} ELSE 0 END) AS ms_{end}" for end in LONGEST_MS
)

_TOTALS = f"""
    SELECT {{name}} AS name, SUM(calls) AS calls, SUM(prompt_tokens) AS prompt_tokens,
        SUM(completion_tokens) AS completion_tokens, usd_sum(cost) AS cost,
        SUM(unpriced) AS unpriced,
        SUM(CASE WHEN outcome = 'failed' THEN calls ELSE 0 END) AS failed,
        SUM(CASE WHEN outcome = 'cancelled' THEN calls ELSE 0 END) AS cancelled,
        SUM(CASE WHEN outcome = 'refused' THEN calls ELSE 0 END) AS refused,
        SUM(fell_back) AS fell_back, SUM(hits) AS hits, usd_sum(saved) AS saved,
        SUM(CASE WHEN outcome = 'ok' THEN calls ELSE 0 END) AS answered, {_RANGES}
    FROM {DAYS}{{condition}}{{group}}
"""  # noqa: S608 -- our own words


class DayFilter(Struct, frozen=True, kw_only=True):
    """A filter of sums by day; a field left out does not filter.

    Attributes:
        since: The first day, in UTC.
        until: The day after the last.
        projects: Calls of these projects; see `LedgerEntry`.
        profile: Calls in this profile.
        alias: Calls of this alias.
        model: Calls that this model answered, "provider:model".
        key: Calls with this key of a gateway.
        team: Calls with a key of this team.
    """

    since: date | None = None
    until: date | None = None
    projects: tuple[str, ...] | None = None
    profile: str | None = None
    alias: str | None = None
    model: str | None = None
    key: str | None = None
    team: str | None = None

    def condition(self) -> tuple[str, list[object]]:
        """Return the condition in SQL, and the values of its placeholders."""
        conditions: list[str] = []
        values: list[object] = []
        if self.since is not None:
            conditions.append("day >= ?")
            values.append(self.since.isoformat())
        if self.until is not None:
            conditions.append("day < ?")
            values.append(self.until.isoformat())
        for name in ("profile", "alias", "model", "key", "team"):
            if (value := getattr(self, name)) is not None:
                conditions.append(f"{name} = ?")
                values.append(value[: LENGTHS[name]])
        if self.projects is not None:
            conditions.append(f"project IN ({', '.join('?' * len(self.projects))})")
            values += [project[: LENGTHS["project"]] for project in self.projects]
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values


class DailyTotal(Total, frozen=True, kw_only=True):
    """Totals of a group of calls, whose durations are known by their ranges.

    Attributes:
        answered: Number of answered calls.
        ranges: The number of answered calls in each range of durations, by its upper end in
            milliseconds; calls beyond the last are in none.
    """

    answered: int = 0
    ranges: Mapping[int, int] = {}


def daily_totals(place: Path | str, span: DayFilter, by: DailyBy) -> list[DailyTotal]:
    """Return totals by group: days in order, other groups by falling number of calls.

    The median and the 95th percentile are the upper ends of their ranges.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        span: What to count.
        by: What to group it by.

    Raises:
        ConfigurationError: The ledger can't be read.
    """
    found = _totals(place, span, by, f" GROUP BY {by}")
    if by == "day":
        return sorted(found, key=lambda total: total.name)
    return sorted(found, key=lambda total: (-total.calls, total.name))


def daily_total(place: Path | str, span: DayFilter) -> DailyTotal:
    """Return one total of all days that match; arguments and errors as for `daily_totals`."""
    return next(iter(_totals(place, span, "''", " HAVING COUNT(*) > 0")), DailyTotal(name=""))


def recount(place: Path | str) -> None:
    """Make the sums by day again from the calls, except of days of which calls were removed.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.

    Raises:
        ConfigurationError: The ledger can't be written.
    """
    store = store_at(place)
    try:
        store.recount()
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None
    finally:
        store.close()


def _totals(place: Path | str, span: DayFilter, name: str, group: str) -> list[DailyTotal]:
    condition, values = span.condition()
    statement = _TOTALS.format(name=name, condition=condition, group=group)
    try:
        return [_total(row) for row in store_at(place).query(statement, values)]
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None


_FIELDS = Total.__struct_fields__[:-2]  # without the typical durations
_AMOUNTS = ("cost", "saved")


def _total(row: Sequence[Any]) -> DailyTotal:
    fields: dict[str, Any] = {
        name: None if value is None else Decimal(value) if name in _AMOUNTS else value
        for name, value in zip(_FIELDS, row, strict=False)
    }
    for name in set(_FIELDS).difference(_AMOUNTS, ("name",)):
        fields[name] = int(fields[name])
    answered, *counts = map(int, row[len(_FIELDS) :])
    ranges = dict(zip(LONGEST_MS, counts, strict=True))
    return DailyTotal(
        **fields,
        answered=answered,
        ranges=ranges,
        median_ms=_longest(ranges, answered / 2),
        p95_ms=_longest(ranges, answered * 19 / 20),
    )


def _longest(ranges: Mapping[int, int], rank: float) -> float | None:
    """Return the upper end of the range with the call of a rank; None beyond the last."""
    below = 0
    for end, count in ranges.items():
        below += count
        if below and below >= rank:
            return float(end)
    return None
