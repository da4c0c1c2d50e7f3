"""Counts that processes share: requests and tokens of a minute, calls in progress, spending.

A process asks for leases: shares that it uses up without asking again, and gives back what is left.
All that a process has to ask and to report at one moment is one batch, answered in one round trip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Protocol

from msgspec import Struct

from llmring.routing.account import Period

WINDOW_SECONDS = 60.0
# Requests are counted by quarters of a second, so that no window holds many numbers.
BUCKET_SECONDS = 0.25
# A lease is at most this part of what is left, so that processes leave each other enough.
PART_OF_REST = 32
PART_OF_MINUTE = 16
# Requests of a lease.
MOST_AHEAD = 64
# Calls of a process that has not been heard of for so long are taken to be over.
SLOT_SECONDS = 30.0
# A process that waits for slots asks more often than this.
WANT_SECONDS = 1.0

EXACT = Context(prec=60)


class RateAsk(Struct, frozen=True, kw_only=True):
    """A request that is to be sent.

    Attributes:
        tokens: Its tokens, by estimate.
        patience: Seconds that it may wait.
        more_requests: Further requests that may be granted with it.
        more_tokens: Further tokens that may be granted with it.
    """

    tokens: int
    patience: float
    more_requests: int = 0
    more_tokens: int = 0


class RateQuery(Struct, frozen=True, kw_only=True):
    """The questions and reports of a process about a minute's requests and tokens.

    Attributes:
        key: The account.
        rpm: Requests of a minute; None for no limit.
        tpm: Tokens of a minute; None for no limit.
        changes: Requests and tokens to add to a bucket: (bucket, requests, tokens).
        asks: The requests that are to be sent, in order.
    """

    key: str
    rpm: int | None
    tpm: int | None
    changes: Sequence[tuple[int, int, int]] = ()
    asks: Sequence[RateAsk] = ()


class RateGrant(Struct, frozen=True):
    """The answer to a `RateAsk`.

    Attributes:
        bucket: The bucket that it is counted in.
        wait: Seconds until it may be sent.
        requests: The requests granted: 0 if it would have to wait for too long.
        tokens: The tokens granted, its own among them.
    """

    bucket: int
    wait: float
    requests: int
    tokens: int


class SlotQuery(Struct, frozen=True, kw_only=True):
    """The questions and reports of a process about calls in progress.

    Attributes:
        key: The account.
        limit: Calls that may be in progress.
        held: The slots that the process has.
        wanted: Further slots that its waiting calls need.
    """

    key: str
    limit: int
    held: int
    wanted: int


class SlotGrant(Struct, frozen=True):
    """The answer to a `SlotQuery`.

    Attributes:
        granted: Further slots.
        yields: True if slots that become free are to be given back, as others wait.
    """

    granted: int
    yields: bool


class BudgetQuery(Struct, frozen=True, kw_only=True):
    """The questions and reports of a process about a budget, in billionths of a USD.

    Attributes:
        key: The account.
        period: The label of the period; see `label_of`.
        limit: The budget.
        change: To add to the count: what was spent without asking, less what is given back.
        least: The amount without which nothing can be done; None to ask for nothing.
        needed: The amount for all that waits.
        more: The amount that may be granted on top of it.
    """

    key: str
    period: str
    limit: int
    change: int = 0
    least: int | None = None
    needed: int = 0
    more: int = 0


class BudgetGrant(Struct, frozen=True):
    """The answer to a `BudgetQuery`.

    Attributes:
        granted: The amount granted, which counts as spent; None if nothing is left.
        counted: What is counted as spent, the grant included.
    """

    granted: int | None
    counted: int


class CountBatch(Struct, frozen=True, kw_only=True):
    """All that a process asks and reports at one moment.

    Attributes:
        process: The ID of the process.
        serial: Its number; a batch that comes again with the same number is spent only once.
        rates: Of requests and tokens of a minute.
        slots: Of calls in progress.
        budgets: Of budgets.
    """

    process: str
    serial: int
    rates: Sequence[RateQuery] = ()
    slots: Sequence[SlotQuery] = ()
    budgets: Sequence[BudgetQuery] = ()


class Grants(Struct, frozen=True, kw_only=True):
    """The answers to a batch, in its order.

    Attributes:
        rates: For each query, the answers to its asks.
        slots: For each query, its answer.
        budgets: For each query, its answer.
        machines: The machines that share the count.
        epoch: Another text than before if the count was lost in between.
    """

    rates: Sequence[Sequence[RateGrant]] = ()
    slots: Sequence[SlotGrant] = ()
    budgets: Sequence[BudgetGrant] = ()
    machines: int = 1
    epoch: str = ""


class CountStore(Protocol):
    """A place that keeps the counts; its methods block, and are called by one thread at a time."""

    def exchange(self, batch: CountBatch) -> Grants:
        """Answer a batch.

        Raises:
            StoreError: It can't be answered.
        """

    def close(self) -> None:
        """Close the connection; it is opened again on demand."""


class StoreError(Exception):
    """A count can't be read or changed; the text is the reason."""


def label_of(period: Period, day: date) -> str:
    """Return the label of the period that a day in UTC belongs to."""
    match period:
        case "day":
            return day.isoformat()
        case "week":
            return f"week {day - timedelta(day.weekday())}"
        case "month":
            return f"{day:%Y-%m}"
    return "total"


def end_of(period: Period, day: date) -> date | None:
    """Return the first day after the period that a day belongs to; None if it has no end."""
    match period:
        case "day":
            return day + timedelta(1)
        case "week":
            return day + timedelta(7 - day.weekday())
        case "month":
            return (day.replace(day=1) + timedelta(32)).replace(day=1)
    return None


def nanos(usd: Decimal) -> int:
    """Convert USD to whole billionths, rounded up; sums of these are exact."""
    return math.ceil(EXACT.scaleb(usd, 9))


def usd_of(amount: int) -> Decimal:
    """Convert billionths to USD."""
    return EXACT.scaleb(Decimal(amount), -9)
