"""The ledger's sums by day, which stay quick to read however many calls there are.

They are changed in the transaction that inserts the calls, and stay when these are removed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any

from llmring.ledger.columns import COLUMNS, TABLE
from llmring.ledger.store import Row

DAYS = "llmring_days"

# The upper ends of the ranges in which durations are counted, in milliseconds.
LONGEST_MS = (100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000)

_DAY = 24 * 3600 * 1_000_000
_FIRST_DAY = date(1970, 1, 1).toordinal()

# The columns that a row is for, empty where calls have no value, and the characters that are kept
# of each: PostgreSQL does not index longer texts together.
LENGTHS = {
    "project": 240,
    "profile": 60,
    "alias": 100,
    "model": 100,
    "key": 60,
    "team": 60,
    "outcome": 9,
}
GROUPS = ("day", *LENGTHS)

# Counts of tokens beyond are nonsense, and would make the sums overflow.
_MOST_TOKENS = 10**11

# The counts, and how they come from the rows of the calls.
_COUNTS = {
    "calls": "COUNT(*)",
    "attempts": "SUM(attempts)",
    "fell_back": "SUM(fell_back)",
    "hits": "SUM(CASE WHEN cache = 'hit' THEN 1 ELSE 0 END)",
    "unpriced": "SUM(CASE WHEN cost IS NULL AND cost_reason IS NOT NULL THEN 1 ELSE 0 END)",
    **{
        name: f"SUM(CASE WHEN {name} > {_MOST_TOKENS} THEN {_MOST_TOKENS} "
        f"ELSE COALESCE({name}, 0) END)"
        for name in ("prompt_tokens", "completion_tokens")
    },
    **{
        f"ms_{end}": f"SUM(CASE WHEN ms > {begin} AND ms <= {end} THEN 1 ELSE 0 END)"
        for begin, end in zip((-1, *LONGEST_MS), LONGEST_MS, strict=False)
    },
}
AMOUNTS = ("cost", "saved")
_SUMS = (*_COUNTS, *AMOUNTS)

_COUNTED = (*GROUPS, *_SUMS)

CREATION = (
    f"CREATE TABLE {DAYS} ("
    f"{', '.join(f'{name} TEXT NOT NULL' for name in GROUPS)}, "
    f"{', '.join(f'{name} BIGINT NOT NULL' for name in _COUNTS)}, "
    f"{', '.join(f'{name} TEXT' for name in AMOUNTS)}, "
    "pruned INTEGER NOT NULL DEFAULT 0, "
    f"PRIMARY KEY ({', '.join(GROUPS)}))"
)

_TEXTS = {name: f"SUBSTR(COALESCE({name}, ''), 1, {length})" for name, length in LENGTHS.items()}

# The sums of the calls that there are; see `Store.query`.
FROM_CALLS = (
    "SELECT day_of(at) AS day, "  # noqa: S608 -- our own words
    + ", ".join(f"{text} AS {name}" for name, text in _TEXTS.items())
    + ", "
    + ", ".join(f"{sum_} AS {name}" for name, sum_ in _COUNTS.items())
    + ", "
    + ", ".join(f"usd_sum({name}) AS {name}" for name in AMOUNTS)
    + f" FROM {TABLE}{{condition}} GROUP BY day_of(at), "
    + ", ".join(_TEXTS.values())
)

_INSERTION = f"INSERT INTO {DAYS} ({', '.join(_COUNTED)}) "

FILLING = _INSERTION + FROM_CALLS.format(condition="")

# The days of a project from which calls were removed; their sums can't be made again.
_PRUNED = f"SELECT day, project FROM {DAYS} WHERE pruned = 1"  # noqa: S608

RECOUNT = (
    f"DELETE FROM {DAYS} WHERE (day, project) NOT IN ({_PRUNED})",  # noqa: S608
    _INSERTION
    + FROM_CALLS.format(condition=f" WHERE (day_of(at), {_TEXTS['project']}) NOT IN ({_PRUNED})"),
)

ADDITION = (
    f"{_INSERTION}VALUES ({', '.join('?' * len(_COUNTED))}) "
    f"ON CONFLICT ({', '.join(GROUPS)}) DO UPDATE SET "
    + ", ".join(f"{name} = {DAYS}.{name} + excluded.{name}" for name in _COUNTS)
    + ", "
    + ", ".join(f"{name} = usd_plus({name})" for name in AMOUNTS)
)

MARK = f"UPDATE {DAYS} SET pruned = 1 WHERE day = ? AND project = ? AND pruned = 0"  # noqa: S608

_EXACT = Context(prec=60)

_AT = {name: index for index, name in enumerate(COLUMNS)}
_GROUP = itemgetter(*(_AT[name] for name in LENGTHS))
_WHEN, _MS, _COST, _REASON, _CACHE, _SAVED = (
    _AT[name] for name in ("at", "ms", "cost", "cost_reason", "cache", "saved")
)
_ATTEMPTS, _FELL_BACK, _PROMPTS, _ANSWERS = (
    _AT[name] for name in ("attempts", "fell_back", "prompt_tokens", "completion_tokens")
)

# Amounts beyond are nonsense, and not every database can add them.
_MOST_DIGITS = 15


def oldest_days(condition: str, most: int) -> str:
    """Return the query of the days and projects of the oldest calls that meet a condition.

    Args:
        condition: " WHERE …", or empty for all calls.
        most: The number of calls.
    """
    oldest = f"SELECT at, project FROM {TABLE}{condition} ORDER BY at LIMIT {most:d}"  # noqa: S608
    return f"SELECT DISTINCT day_of(at), {_TEXTS['project']} FROM ({oldest}) AS oldest"  # noqa: S608


def sums_of(rows: Iterable[Row]) -> list[Row]:
    """Return the values of `ADDITION` for these calls, in an order that all processes share."""
    by_values: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        by_values.setdefault((row[_WHEN] // _DAY, _GROUP(row)), []).append(row)
    groups: dict[tuple[str, ...], list[Row]] = {}
    for (number, values), some in by_values.items():
        texts = [(each or "")[:most] for each, most in zip(values, LENGTHS.values(), strict=True)]
        groups.setdefault((_day(number), *texts), []).extend(some)
    return [(*group, *_sums(some)) for group, some in sorted(groups.items())]


def usd_plus(one: str | None, other: str | None) -> str | None:
    """Add two amounts, exactly; None adds nothing."""
    if one is None or other is None:
        return other if one is None else one
    return str(_EXACT.add(Decimal(one), Decimal(other)))


def _sums(rows: Sequence[Row]) -> list[Any]:
    within = [0] * (len(LONGEST_MS) + 1)
    for place in [bisect_left(LONGEST_MS, row[_MS]) for row in rows]:
        within[place] += 1
    return [
        len(rows),
        sum([row[_ATTEMPTS] for row in rows]),
        sum([row[_FELL_BACK] for row in rows]),
        len([row for row in rows if row[_CACHE] == "hit"]),
        len([row for row in rows if row[_COST] is None and row[_REASON] is not None]),
        sum([min(row[_PROMPTS] or 0, _MOST_TOKENS) for row in rows]),
        sum([min(row[_ANSWERS] or 0, _MOST_TOKENS) for row in rows]),
        *within[:-1],
        _total([row[_COST] for row in rows]),
        _total([row[_SAVED] for row in rows]),
    ]


def _total(amounts: Iterable[str | None]) -> str | None:
    total: Decimal | None = None
    for amount in amounts:
        if amount is not None and _is_usual(known := Decimal(amount)):
            total = known if total is None else _EXACT.add(total, known)
    return None if total is None else str(total)


def _is_usual(amount: Decimal) -> bool:
    return amount.is_finite() and abs(amount.adjusted()) <= _MOST_DIGITS


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    # Formats of times would import a module, which is too late as a program ends.
    return date.fromordinal(_FIRST_DAY + number).isoformat()
