"""The exchange of a process with the counts: the shared ones, or else this machine's.

Spending reaches the shared count exactly once: a batch whose answer did not come is sent again, as
it was, before anything else.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time

import msgspec

from llmring.limits.blind_shares import BlindShares
from llmring.limits.counts import BudgetGrant, CountBatch, CountStore, Grants, StoreError
from llmring.limits.lease_book import LeaseBook, LeasePlan
from llmring.limits.machine_counts import MachineCounts
from llmring.limits.process_counts import ProcessCounts

log = logging.getLogger("llmring")

# How long a server that is down or slow is left alone.
PAUSE_SECONDS = 5.0


class CountLink:
    """The way from the leases of this process to the counts; used by one thread.

    Args:
        book: The leases.
        own: The counts of this machine.
        shared: The counts of several machines; None for none.
        place: The name of the shared counts in messages.
        lock: Held while the leases are used.
    """

    def __init__(
        self,
        book: LeaseBook,
        own: MachineCounts,
        shared: CountStore | None,
        place: str,
        lock: threading.RLock,
    ) -> None:
        self._book = book
        self._own = own
        self._shared = shared
        self._place = place
        self._lock = lock
        self._alone = ProcessCounts()
        self._shares = BlindShares(own)
        self._paused_until = 0.0
        self._epoch = ""
        # The last batch for the shared counts, if its answer did not come.
        self._lost: LeasePlan | None = None
        # What was spent in this machine's shares, until the shared counts have counted it.
        self._in_share: dict[tuple[str, str], int] = {}
        self._has_warned = False

    @property
    def is_blind(self) -> bool:
        """True while the shared counts can't be used."""
        return self._shares.is_blind

    def round(self, *, ends: bool = False) -> None:
        """Ask and report once, and take the answers.

        Args:
            ends: True if the process ends, so that all is given back.
        """
        if self._shared is None:
            with self._lock:
                plan = self._book.plan(ends=ends)
            if not plan.is_empty:
                self._apply_own(plan, plan.batch, self._from_own(plan.batch))
            return
        if time.monotonic() >= self._paused_until and self._ask_shared(self._shared, ends=ends):
            return
        with self._lock:
            plan = self._book.plan(ends=ends, is_blind=True)
        if not plan.is_empty:
            batch = self._shares.share_of(plan.batch)
            self._apply_own(plan, batch, self._from_own(batch), is_blind=True)

    def close(self) -> None:
        """Close the connections; they are opened again on demand."""
        self._own.close()
        if self._shared is not None:
            self._shared.close()

    # --- the shared counts ---------------------------------------------------------------------

    def _ask_shared(self, shared: CountStore, *, ends: bool) -> bool:
        """Ask the shared counts; return False if they can't be used."""
        if self._lost is not None:
            try:
                grants = shared.exchange(self._lost.batch)
            except StoreError as error:
                self._lose(str(error))
                return False
            with self._lock:
                self._note_epoch(self._lost, grants)
                self._book.apply_budgets(self._lost, grants.budgets)
            self._lost = None
        with self._lock:
            for place, owed in self._book.owed().items():
                self._in_share[place] = self._in_share.get(place, 0) + owed
            plan = self._book.plan(ends=ends)
        if plan.is_empty and not self.is_blind:
            return True
        try:
            grants = shared.exchange(plan.batch)
        except StoreError as error:
            if plan.budgets:
                only_spending = msgspec.structs.replace(plan.batch, rates=[], slots=[])
                self._lost = LeasePlan(only_spending, [], [], plan.budgets)
            with self._lock:
                self._book.ask_again(plan)
            self._lose(str(error))
            return False
        self._found(grants)
        with self._lock:
            self._note_epoch(plan, grants)
            self._book.apply_calls(plan, grants)
            self._book.apply_budgets(plan, grants.budgets)
        return True

    def _note_epoch(self, plan: LeasePlan, grants: Grants) -> None:
        if self._epoch not in ("", grants.epoch):
            self._book.report_anew(plan)
        self._epoch = grants.epoch

    def _lose(self, why: str) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        if not self.is_blind:
            log.warning(
                "can't use %s (%s); until it is back, this machine keeps to its share of the "
                "limits",
                self._place,
                why,
            )
            with self._lock:
                rests = self._book.rests()
                self._book.begin_shares()
            self._shares.begin(rests)

    def _found(self, grants: Grants) -> None:
        """Note what the shared counts report of themselves."""
        self._shares.machines = grants.machines
        if self.is_blind:
            self._shares.end()
            log.info("%s can be used again", self._place)
        given, self._in_share = self._in_share, {}
        if given:
            queries = [self._shares.given_back(*place, owed) for place, owed in given.items()]
            with contextlib.suppress(StoreError):
                self._own.exchange(CountBatch(process="", serial=0, budgets=queries))

    # --- the counts of this machine ------------------------------------------------------------

    def _from_own(self, batch: CountBatch) -> Grants | StoreError:
        """Return the answers of this machine's counts, or why budgets are unknown."""
        try:
            grants = self._own.exchange(batch)
        except StoreError as error:
            if not self._has_warned:
                self._has_warned = True
                log.warning("can't count with other processes: %s", error)
            return error
        self._has_warned = False
        return grants

    def _apply_own(
        self,
        plan: LeasePlan,
        batch: CountBatch,
        grants: Grants | StoreError,
        *,
        is_blind: bool = False,
    ) -> None:
        if isinstance(grants, StoreError):
            calls = self._alone.exchange(msgspec.structs.replace(batch, budgets=[]))
            with self._lock:
                self._book.apply_calls(plan, calls, is_blind=is_blind)
                self._book.fail_budgets(plan, grants)
            return
        budgets = grants.budgets
        if is_blind:
            budgets = [
                BudgetGrant(each.granted, each.counted + query.limit - self._shares.rest(query))
                for each, query in zip(budgets, plan.batch.budgets, strict=True)
            ]
        with self._lock:
            self._book.apply_calls(plan, grants, is_blind=is_blind)
            self._book.apply_budgets(plan, budgets, is_blind=is_blind)
