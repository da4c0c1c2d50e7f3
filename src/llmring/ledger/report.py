"""Totals of usage and cost by alias, model, day and other properties of calls."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from llmring.ledger.columns import TABLE
from llmring.ledger.open import store_at
from llmring.ledger.reader import CallFilter
from llmring.ledger.store import LedgerUnusableError, unreadable

By = Literal["alias", "model", "day", "tag", "profile", "project", "key", "team", "wire", "client"]

_KEYS: dict[str | None, str] = {
    None: "''",
    "alias": "COALESCE(alias, '')",
    "model": "COALESCE(model, '')",
    "day": "day_of(at)",
    "tag": "COALESCE(TAG, '')",
    "profile": "profile",
    "project": "COALESCE(project, '')",
    **{name: f"COALESCE({name}, '')" for name in ("key", "team", "wire", "client")},
}

# Durations are those of answered calls, by nearest rank: the median is the first of n sorted
# durations whose rank is at least n/2, p95 the first whose rank is at least 19n/20.
_TOTALS = """
    WITH chosen AS (
        SELECT {key} AS name, outcome, prompt_tokens, completion_tokens, cost, cost_reason,
            fell_back, ms, cache, saved
        FROM {tables}{condition}
    ),
    timed AS (
        SELECT name, ms, ROW_NUMBER() OVER (PARTITION BY name ORDER BY ms) AS nth,
            COUNT(*) OVER (PARTITION BY name) AS many
        FROM chosen WHERE outcome = 'ok'
    ),
    typical AS (
        SELECT name, MIN(CASE WHEN nth * 2 >= many THEN ms END) AS median_ms,
            MIN(CASE WHEN nth * 20 >= many * 19 THEN ms END) AS p95_ms
        FROM timed GROUP BY name
    ),
    counted AS (
        SELECT name, COUNT(*) AS calls, SUM(prompt_tokens) AS prompt_tokens,
            SUM(completion_tokens) AS completion_tokens, usd_sum(cost) AS cost,
            SUM(CASE WHEN cost IS NULL AND cost_reason IS NOT NULL THEN 1 ELSE 0 END) AS unpriced,
            SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END) AS failed,
            SUM(CASE WHEN outcome = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
            SUM(CASE WHEN outcome = 'refused' THEN 1 ELSE 0 END) AS refused,
            SUM(fell_back) AS fell_back,
            SUM(CASE WHEN cache = 'hit' THEN 1 ELSE 0 END) AS hits, usd_sum(saved) AS saved
        FROM chosen GROUP BY name
    )
    SELECT counted.name, calls, prompt_tokens, completion_tokens, cost, unpriced, failed,
        cancelled, refused, fell_back, hits, saved, median_ms, p95_ms
    FROM counted LEFT JOIN typical ON typical.name = counted.name
"""


class Total(Struct, frozen=True, kw_only=True):
    """Totals of a group of calls.

    Attributes:
        name: The value that the calls share; empty for all calls, or if they have none.
        calls: Number of calls.
        prompt_tokens: Sum of the known counts.
        completion_tokens: Sum of the known counts.
        cost: USD of the calls whose cost is known; None if no cost is known.
        unpriced: Number of calls whose cost is unknown.
        failed: Number of calls without an answer, or without one in the requested form.
        cancelled: Number of calls cancelled by the caller.
        refused: Number of calls that the lockfile did not allow.
        fell_back: Number of calls answered by a model other than the first.
        hits: Number of calls answered by a gateway's cache.
        saved: USD that these answers have cost before; None without such.
        median_ms: Median duration of answered calls, in milliseconds.
        p95_ms: 95th percentile of the same.
    """

    name: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None
    unpriced: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    fell_back: int = 0
    hits: int = 0
    saved: Decimal | None = None
    median_ms: float | None = None
    p95_ms: float | None = None


def totals(place: Path | str, span: CallFilter, by: By) -> list[Total]:
    """Return totals by group: days in order, other groups by falling number of calls.

    A call with several tags counts for each of them.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        span: Which calls to count.
        by: What to group them by.

    Raises:
        ConfigurationError: The ledger can't be read.
    """
    found = _totals(place, span, by)
    if by == "day":
        return sorted(found, key=lambda total: total.name)
    return sorted(found, key=lambda total: (-total.calls, total.name))


def total(place: Path | str, span: CallFilter) -> Total:
    """Return one total of all calls that match; arguments and errors as for `totals`."""
    return next(iter(_totals(place, span, None)), Total(name=""))


def _totals(place: Path | str, span: CallFilter, by: By | None) -> list[Total]:
    condition, values = span.condition()
    tables = f"{TABLE}, TAGS" if by == "tag" else TABLE
    statement = _TOTALS.format(key=_KEYS[by], tables=tables, condition=condition)
    try:
        return [_total(row) for row in store_at(place).query(statement, values)]
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None


def _total(row: Sequence[Any]) -> Total:
    fields = dict(zip(Total.__struct_fields__, row, strict=True))
    for name in ("prompt_tokens", "completion_tokens", *_COUNTS):
        fields[name] = int(fields[name] or 0)
    for name in ("cost", "saved"):
        fields[name] = None if fields[name] is None else Decimal(fields[name])
    return Total(**fields)


_COUNTS = ("calls", "unpriced", "failed", "cancelled", "refused", "fell_back", "hits")
