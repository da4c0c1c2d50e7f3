"""The broker of a process's leases: it asks the counts for them, in a thread of its own.

So neither an event loop nor a call waits for a file or a server while leases last, and a loop that
is busy does not make a server look slow.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.exceptions import ConfigurationError
from llmring.limits.count_link import CountLink
from llmring.limits.counts import CountStore, RateGrant
from llmring.limits.lease_book import LeaseBook
from llmring.limits.leases import BudgetLease, BudgetRefusal, BudgetTicket, RateLease, RateTicket
from llmring.limits.slots import Slots

if TYPE_CHECKING:
    from llmring.limits.machine_counts import MachineCounts

log = logging.getLogger("llmring")

# How often leases are given back or renewed, and how often calls ask that wait for slots.
TICK_SECONDS = 0.5
POLL_SECONDS = 0.05
# The thread ends when nothing has been held for so long.
DOZE_SECONDS = 5.0
# How long the end of the process waits for the counts.
_LAST_SECONDS = 2.0


class BudgetNeed(Struct, frozen=True):
    """An amount that is needed of a budget; amounts are in billionths of a USD.

    Attributes:
        lease: The budget.
        amount: The amount.
        limit: The whole budget.
    """

    lease: BudgetLease
    amount: int
    limit: int


class LeaseBroker:
    """The leases of this process.

    Args:
        own: The counts of this machine.
        shared: The counts of several machines, used as long as they can be; None for none.
        place: The name of the shared counts in messages.
    """

    def __init__(
        self, own: MachineCounts, shared: CountStore | None = None, place: str = ""
    ) -> None:
        # Reentrant, as the garbage collector may end a call while its thread holds this lock.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._book = LeaseBook(uuid.uuid4().hex, self._ask_for_slots, self._lock)
        self._link = CountLink(self._book, own, shared, place, self._lock)
        # Held while the counts are used, as a new thread may begin before the old one has ended.
        self._io = threading.Lock()
        self._turns: dict[str, Slots] = {}
        self._thread: threading.Thread | None = None
        self._is_urgent = self._is_dozing = self._ends = False

    @property
    def is_blind(self) -> bool:
        """True while the shared counts can't be used, so that this machine keeps to its share."""
        return self._link.is_blind

    # --- what calls ask for --------------------------------------------------------------------

    def slots(self, key: str) -> Slots:
        """Return the slots of an account."""
        with self._lock:
            return self._book.slots(key)

    def turns(self, key: str) -> Slots:
        """Return the turns of the requests of this process that wait for an account."""
        with self._lock:
            return self._turns.get(key) or self._turns.setdefault(key, Slots(key))

    def rate(self, key: str) -> RateLease:
        """Return the requests and tokens of an account."""
        with self._lock:
            return self._book.rate(key)

    def budget(self, key: str, period: str) -> BudgetLease:
        """Return the budget of an account in a period."""
        with self._lock:
            return self._book.budget(key, period)

    async def request(
        self, lease: RateLease, rpm: int | None, tpm: int | None, tokens: int, patience: float
    ) -> RateGrant | int:
        """Take a request of a minute; return its bucket, or the answer of the count.

        Args:
            lease: The requests and tokens.
            rpm: Requests of a minute; None for no limit.
            tpm: Tokens of a minute; None for no limit.
            tokens: The tokens of the request, by estimate.
            patience: Seconds that it may wait.
        """
        with self._lock:
            bucket = lease.take(tokens, rpm, tpm, time.monotonic())
            if bucket is not None:
                return bucket
            ticket = RateTicket(tokens, patience)
            lease.waiting.append(ticket)
            self._book.touch(lease)
            self.wake()
        try:
            await ticket.answered
        except BaseException:
            with self._lock:
                late = ticket.give_up()
                if isinstance(late, RateGrant) and late.requests:
                    self.change_rate(lease, late.bucket, -1, -tokens)
            raise
        if not isinstance(ticket.result, RateGrant):
            raise _not_counted(ticket.result)
        return ticket.result

    def change_rate(self, lease: RateLease, bucket: int, requests: int, tokens: int) -> None:
        """Correct what is counted for a request, by adding to it."""
        with self._lock:
            lease.change(bucket, requests, tokens)
            self._stay_awake(lease)

    async def reserve(self, needs: Sequence[BudgetNeed]) -> tuple[BudgetNeed, BudgetRefusal] | None:
        """Reserve amounts, all or none; return the one that was refused, with the reason.

        Raises:
            ConfigurationError: The spending can't be counted.
        """
        now = time.monotonic()
        taken: list[BudgetNeed] = []
        asked: list[tuple[BudgetNeed, BudgetTicket]] = []
        with self._lock:
            for need in needs:
                if need.lease.take(need.amount, need.limit, now):
                    taken.append(need)
                else:
                    ticket = BudgetTicket(need.amount)
                    need.lease.waiting.append(ticket)
                    self._book.touch(need.lease)
                    asked.append((need, ticket))
            if asked:
                self.wake()
        try:
            for _, ticket in asked:
                await ticket.answered
        except BaseException:
            with self._lock:
                late = [need for need, ticket in asked if ticket.give_up() is True]
            self.put_back([*taken, *late])
            raise
        taken += [need for need, ticket in asked if ticket.result is True]
        for need, ticket in asked:
            if ticket.result is not True:
                self.put_back(taken)
                if isinstance(ticket.result, BudgetRefusal):
                    return need, ticket.result
                raise _not_counted(ticket.result)
        return None

    def put_back(self, needs: Sequence[BudgetNeed]) -> None:
        """Give back amounts that were reserved."""
        with self._lock:
            for need in needs:
                self.correct(need.lease, need.amount)

    def correct(self, lease: BudgetLease, difference: int) -> None:
        """Count a call by its cost: less than what was reserved by this, or more if negative."""
        with self._lock:
            lease.put_back(difference)
            self._stay_awake(lease)

    async def spent(self, key: str, period: str) -> int:
        """Return the billionths of a USD that are spent in a period, or reserved.

        Raises:
            ConfigurationError: The spending can't be counted.
        """
        with self._lock:
            lease = self.budget(key, period)
            ticket = BudgetTicket(0)
            lease.waiting.append(ticket)
            self._book.touch(lease)
            self.wake()
        await ticket.answered
        if isinstance(ticket.result, Exception):
            raise _not_counted(ticket.result)
        with self._lock:
            return max(0, lease.counted - lease.free)

    # --- the thread ----------------------------------------------------------------------------

    def wake(self) -> None:
        """Ask at once for what is needed."""
        with self._lock:
            self._is_urgent = True
            self._start()

    def _ask_for_slots(self, slots: Slots) -> None:
        with self._lock:
            self._book.touch(slots)
            self.wake()

    def _stay_awake(self, lease: RateLease | BudgetLease) -> None:
        """Give back at the next tick what is not needed of a lease."""
        self._book.touch(lease)
        if self._is_dozing or self._thread is None:
            self._start()

    def _start(self) -> None:
        self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="llmring-limits", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Give back all that is held, at the end of the process."""
        with self._lock:
            thread, self._ends = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join(_LAST_SECONDS)
        with self._lock:
            self._ends = False

    def _run(self) -> None:
        while self._wait():
            ends = self._ends
            try:
                with self._io:
                    self._link.round(ends=ends)
            except Exception as error:
                log.exception("limits can't be counted")
                with self._lock:
                    self._book.fail(error)
            if ends:
                break
        with self._io:
            self._link.close()

    def _wait(self) -> bool:
        """Wait until there is something to do; return False if the thread is to end."""
        with self._lock:
            if not (self._is_urgent or self._ends):
                seconds = self._seconds()
                self._is_dozing = seconds >= DOZE_SECONDS
                is_notified = self._changed.wait(seconds)
                if self._is_dozing and not is_notified:
                    # Under the lock, so that a call that needs it from now on starts another.
                    self._thread = None
                    return False
                self._is_dozing = False
            self._is_urgent = False
            if self._ends:
                self._thread = None
            return True

    def _seconds(self) -> float:
        """Return how long there may be nothing to do."""
        if self._book.polls:
            return POLL_SECONDS
        return TICK_SECONDS if self._book.is_live or self.is_blind else DOZE_SECONDS


def _not_counted(error: object) -> ConfigurationError:
    return ConfigurationError(
        f"can't count the spending: {error}; make the file usable, set XDG_CACHE_HOME to "
        "another folder, or take daily_budget out of the lockfile"
    )
