"""A machine's share of the limits, which it keeps to while the shared counts can't be used."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from llmring.limits.counts import BudgetQuery, CountBatch, RateQuery, SlotQuery, StoreError
from llmring.limits.machine_counts import MachineCounts

# What is counted in a share is kept apart from what a machine counts that shares nothing.
_PREFIX = "share\n"

Place = tuple[str, str]


class BlindShares:
    """The shares of this machine: a limit, or what was left of a budget, by the machines last seen.

    Args:
        own: The counts of this machine, where what was last seen is kept for its other processes.

    Attributes:
        is_blind: True while the shared counts can't be used.
        machines: The machines last seen.
    """

    def __init__(self, own: MachineCounts) -> None:
        self._own = own
        self.is_blind = False
        self.machines = 0
        self._rests: dict[Place, int] = {}

    def begin(self, rests: Mapping[Place, int]) -> None:
        """Note that the shared counts can't be used.

        Args:
            rests: What was left of the budgets.
        """
        self.is_blind = True
        self._rests = dict(rests)
        # Without the file, each process has a share of what it has seen itself.
        with contextlib.suppress(StoreError):
            if self.machines:
                self._own.keep_fact("machines", str(self.machines))
            else:
                self.machines = int(self._own.fact("machines") or 1)
            for place, rest in rests.items():
                self._own.keep_fact(_rest_name(place), str(rest))

    def end(self) -> None:
        """Note that the shared counts can be used again."""
        self.is_blind = False

    def share_of(self, batch: CountBatch) -> CountBatch:
        """Return a batch for this machine's counts, with the limits of its share."""
        return msgspec.structs.replace(
            batch,
            rates=[self._rate(each) for each in batch.rates],
            slots=[self._slots(each) for each in batch.slots],
            budgets=[self._budget(each) for each in batch.budgets],
        )

    def rest(self, query: BudgetQuery) -> int:
        """Return what was left of a budget when the shared count was last seen."""
        place = query.key, query.period
        if place not in self._rests:
            kept = None
            with contextlib.suppress(StoreError):
                kept = self._own.fact(_rest_name(place))
            self._rests[place] = query.limit if kept is None else int(kept)
        return min(query.limit, self._rests[place])

    def given_back(self, key: str, period: str, amount: int) -> BudgetQuery:
        """Return the query that takes out of the share what the shared count has counted."""
        return BudgetQuery(key=_PREFIX + key, period=period, limit=0, change=-amount)

    def _rate(self, query: RateQuery) -> RateQuery:
        return msgspec.structs.replace(
            query,
            key=_PREFIX + query.key,
            rpm=self._part(query.rpm),
            tpm=self._part(query.tpm),
        )

    def _slots(self, query: SlotQuery) -> SlotQuery:
        limit = self._part(query.limit)
        return msgspec.structs.replace(query, key=_PREFIX + query.key, limit=limit or 0)

    def _budget(self, query: BudgetQuery) -> BudgetQuery:
        share = max(0, self.rest(query)) // max(1, self.machines)
        return msgspec.structs.replace(query, key=_PREFIX + query.key, limit=share)

    def _part(self, limit: int | None) -> int | None:
        """Return a machine's part of a limit; calls must go on, so it is at least one."""
        return limit and max(1, limit // max(1, self.machines))


def _rest_name(place: Place) -> str:
    return "\n".join(("rest", *place))
