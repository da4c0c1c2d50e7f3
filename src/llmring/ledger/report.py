"""What calls have taken and cost together, by alias, model, day, tag or profile."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from llmring.ledger.columns import TABLE
from llmring.ledger.reading import Span
from llmring.ledger.store import LedgerUnusableError, store_at, unreadable

By = Literal["alias", "model", "day", "tag", "profile"]

_KEYS: dict[By | None, str] = {
    None: "''",
    "alias": "COALESCE(alias, '')",
    "model": "COALESCE(model, '')",
    "day": "day_of(at)",
    "tag": "COALESCE(TAG, '')",
    "profile": "profile",
}

# Times are those of the calls that have an answer: of n in order, the first that is no shorter
# than half of them, and than 19 of 20.
_TOTALS = """
    WITH chosen AS (
        SELECT {key} AS name, outcome, prompt_tokens, completion_tokens, cost, cost_reason,
            fell_back, ms
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
            SUM(fell_back) AS fell_back
        FROM chosen GROUP BY name
    )
    SELECT counted.name, calls, prompt_tokens, completion_tokens, cost, unpriced, failed,
        cancelled, refused, fell_back, median_ms, p95_ms
    FROM counted LEFT JOIN typical ON typical.name = counted.name
"""


class Total(Struct, frozen=True, kw_only=True):
    """Calls taken together.

    Attributes:
        name: What they have in common; empty where that is nothing.
        calls: How many.
        prompt_tokens: Those that are known.
        completion_tokens: Those that are known.
        cost: USD of those whose cost is known; None where none is.
        unpriced: How many have a cost that is not known.
        failed: How many no model has answered, or not in the form that was asked for.
        cancelled: How many were given up by the caller.
        refused: How many the lockfile did not allow.
        fell_back: How many were answered by another model than the first.
        median_ms: Half of the answered ones took no longer.
        p95_ms: 19 of 20 answered ones took no longer.
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
    median_ms: float | None = None
    p95_ms: float | None = None


def totals(place: Path | str, span: Span, by: By) -> list[Total]:
    """The totals of the calls that are meant: days in order, all else by the number of calls.

    A call with several tags is counted with each.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        span: Which calls are meant.
        by: What they are told apart by.

    Raises:
        ConfigurationError: It can't be read.
    """
    found = _totals(place, span, by)
    if by == "day":
        return sorted(found, key=lambda total: total.name)
    return sorted(found, key=lambda total: (-total.calls, total.name))


def total(place: Path | str, span: Span) -> Total:
    """All calls that are meant, together; arguments and errors as for `totals`."""
    return next(iter(_totals(place, span, None)), Total(name=""))


def _totals(place: Path | str, span: Span, by: By | None) -> list[Total]:
    condition, values = span.condition()
    tables = f"{TABLE}, TAGS" if by == "tag" else TABLE
    statement = _TOTALS.format(key=_KEYS[by], tables=tables, condition=condition)
    try:
        return [_total(row) for row in store_at(place).query(statement, values)]
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None


def _total(row: Sequence[Any]) -> Total:
    name, calls, prompts, answers, cost, unpriced, failed, cancelled, refused, others, *times = row
    median, p95 = times
    return Total(
        name=name,
        calls=calls,
        prompt_tokens=int(prompts or 0),
        completion_tokens=int(answers or 0),
        cost=None if cost is None else Decimal(cost),
        unpriced=int(unpriced),
        failed=int(failed),
        cancelled=int(cancelled),
        refused=int(refused),
        fell_back=int(others),
        median_ms=median,
        p95_ms=p95,
    )
