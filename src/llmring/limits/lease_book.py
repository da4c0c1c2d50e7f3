"""All leases of this process, and the batch of what they have to ask and to report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from llmring.limits.counts import BudgetGrant, CountBatch, Grants
from llmring.limits.leases import BudgetLease, RateLease
from llmring.limits.slots import Slots

Lease = TypeVar("Lease", RateLease, Slots, BudgetLease)

# A period that nothing was counted in for so long is over.
_FORGET_SECONDS = 2 * 86400.0
_PLANS_BETWEEN = 1000


class LeasePlan(Struct, frozen=True):
    """A batch, and the leases that its parts are for.

    Attributes:
        batch: The batch.
        rates: The lease of each query of `batch.rates`.
        slots: The lease of each query of `batch.slots`.
        budgets: The lease of each query of `batch.budgets`.
    """

    batch: CountBatch
    rates: Sequence[RateLease]
    slots: Sequence[Slots]
    budgets: Sequence[BudgetLease]

    @property
    def is_empty(self) -> bool:
        """True if the batch is empty."""
        return not (self.rates or self.slots or self.budgets)


class LeaseBook:
    """All leases of this process.

    Args:
        process: The ID of the process.
        ask: Called when slots are needed, or can be given back.
        lock: Held while a lease is used.
    """

    def __init__(self, process: str, ask: Callable[[Slots], None], lock: threading.RLock) -> None:
        self._process = process
        self._ask = ask
        self._lock = lock
        self._serial = 0
        self._rates: dict[str, RateLease] = {}
        self._slots: dict[str, Slots] = {}
        self._budgets: dict[tuple[str, str], BudgetLease] = {}
        # Those that hold something: of thousands of accounts, few do.
        self._live_rates: dict[RateLease, None] = {}
        self._live_slots: dict[Slots, None] = {}
        self._live_budgets: dict[BudgetLease, None] = {}

    def rate(self, key: str) -> RateLease:
        """Return the requests and tokens of an account."""
        return self._rates.get(key) or self._rates.setdefault(key, RateLease(key))

    def slots(self, key: str) -> Slots:
        """Return the slots of an account."""
        found = self._slots.get(key)
        if found is None:
            self._slots[key] = found = Slots(key, self._ask, self._lock)
        return found

    def budget(self, key: str, period: str) -> BudgetLease:
        """Return the budget of an account in a period."""
        place = key, period
        return self._budgets.get(place) or self._budgets.setdefault(place, BudgetLease(*place))

    def touch(self, lease: RateLease | Slots | BudgetLease) -> None:
        """Note that a lease may have something to ask or to report."""
        match lease:
            case RateLease():
                self._live_rates[lease] = None
            case Slots():
                self._live_slots[lease] = None
            case _:
                self._live_budgets[lease] = None

    @property
    def is_live(self) -> bool:
        """True if something is held or to be reported, or a call waits."""
        return bool(self._live_rates or self._live_slots or self._live_budgets)

    @property
    def polls(self) -> bool:
        """True if calls wait for slots that other processes hold."""
        return any(each.polls for each in self._live_slots)

    def plan(self, *, ends: bool = False, is_blind: bool = False) -> LeasePlan:
        """Return what is to be asked and reported.

        Args:
            ends: True if the process ends, so that all is given back.
            is_blind: True if this machine's shares are asked, and not the shared counts.
        """
        now = time.monotonic()
        if self._serial % _PLANS_BETWEEN == 0:
            self.forget()
        rates = [
            (each, each.query(now, ends=ends, is_blind=is_blind))
            for each in _live(self._live_rates)
        ]
        slots = [(each, each.query(ends=ends)) for each in _live(self._live_slots)]
        budgets = [
            (each, each.query(now, ends=ends, is_blind=is_blind))
            for each in _live(self._live_budgets)
        ]
        self._serial += 1
        return LeasePlan(
            CountBatch(
                process=self._process,
                serial=self._serial,
                rates=[query for _, query in rates if query is not None],
                slots=[query for _, query in slots if query is not None],
                budgets=[query for _, query in budgets if query is not None],
            ),
            [lease for lease, query in rates if query is not None],
            [lease for lease, query in slots if query is not None],
            [lease for lease, query in budgets if query is not None],
        )

    def apply_calls(self, plan: LeasePlan, grants: Grants, *, is_blind: bool = False) -> None:
        """Take the answers about requests, tokens and calls in progress.

        Args:
            plan: What was asked.
            grants: The answers.
            is_blind: True if this machine's shares gave them.
        """
        now = time.monotonic()
        for rate, answers in zip(plan.rates, grants.rates, strict=True):
            rate.note_grants(answers, is_blind=is_blind)
            rate.answer(answers, now)
        for each, grant in zip(plan.slots, grants.slots, strict=True):
            each.answer(grant)

    def apply_budgets(
        self, plan: LeasePlan, grants: Sequence[BudgetGrant], *, is_blind: bool = False
    ) -> None:
        """Take the answers about budgets; arguments as for `apply_calls`."""
        for lease, query, grant in zip(plan.budgets, plan.batch.budgets, grants, strict=True):
            added = query.change + (grant.granted or 0)
            if is_blind:
                lease.owed += added
            else:
                lease.reported += added
                lease.rest = query.limit - grant.counted
            lease.answer(grant, is_blind=is_blind)

    def ask_again(self, plan: LeasePlan) -> None:
        """Ask again what was not answered, but for the spending: it may be counted."""
        for lease, query in zip(plan.rates, plan.batch.rates, strict=True):
            lease.ask_again(query.changes)

    def fail_budgets(self, plan: LeasePlan, error: Exception) -> None:
        """Fail the calls that wait for budgets that can't be counted; nothing was changed."""
        for lease, query in zip(plan.budgets, plan.batch.budgets, strict=True):
            lease.put_back(-query.change)
            lease.fail(error)

    def fail(self, error: Exception) -> None:
        """Fail all calls that wait for an amount or a request."""
        for budget in self._budgets.values():
            budget.fail(error)
        for rate in self._rates.values():
            rate.fail(error)

    def owed(self) -> dict[tuple[str, str], int]:
        """Return what was spent in this machine's shares, unknown to the shared count."""
        return {(each.key, each.period): each.owed for each in self._live_budgets if each.owed > 0}

    def report_anew(self, plan: LeasePlan) -> None:
        """Report to the shared count, which was lost, what this process had reported.

        Args:
            plan: What was just asked and reported of it.
        """
        for lease in self._budgets.values():
            lease.owed += lease.reported
            lease.reported = 0
            self.touch(lease)
        for lease, query in zip(plan.budgets, plan.batch.budgets, strict=True):
            # Nothing can be given back to a count that has nothing.
            lease.owed += min(0, query.change)
            lease.reported -= min(0, query.change)

    def begin_shares(self) -> None:
        """Note that from now on this machine's shares are asked."""
        for lease in self._rates.values():
            lease.begin_share()

    def rests(self) -> Mapping[tuple[str, str], int]:
        """Return what was left of the budgets in the shared count."""
        known = {place: lease.rest for place, lease in self._budgets.items()}
        return {place: rest for place, rest in known.items() if rest is not None}

    def forget(self) -> None:
        """Drop the budgets of periods that are over."""
        before = time.monotonic() - _FORGET_SECONDS
        for place, lease in list(self._budgets.items()):
            if lease.used_at < before and not lease.is_live:
                del self._budgets[place]


def _live(leases: dict[Lease, None]) -> list[Lease]:
    """Return the leases that are live, and drop the others."""
    for each in [each for each in leases if not each.is_live]:
        del leases[each]
    return list(leases)
