"""Counts of this process alone, where no file can be used."""

from __future__ import annotations

import time
from collections.abc import Callable

from llmring.limits.count_rules import (
    RateCount,
    SlotCount,
    take_budget,
    take_rates,
    take_slots,
)
from llmring.limits.counts import BudgetGrant, BudgetQuery, CountBatch, Grants


class ProcessCounts:
    """Counts in memory; see `CountStore`.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rates: dict[str, RateCount] = {}
        self._slots: dict[str, SlotCount] = {}
        self._budgets: dict[tuple[str, str], int] = {}

    def exchange(self, batch: CountBatch) -> Grants:
        """Answer a batch."""
        now = self._clock()
        return Grants(
            rates=[
                take_rates(self._rates.setdefault(each.key, RateCount()), each, now)
                for each in batch.rates
            ],
            slots=[
                take_slots(self._slots.setdefault(each.key, SlotCount()), each, batch.process, now)
                for each in batch.slots
            ],
            budgets=[self._spend(each) for each in batch.budgets],
        )

    def close(self) -> None:
        """Do nothing: memory needs no connection."""

    def _spend(self, query: BudgetQuery) -> BudgetGrant:
        place = query.key, query.period
        grant = take_budget(self._budgets.get(place, 0), query)
        self._budgets[place] = grant.counted
        return grant
