"""The leases that this process holds: parts of budgets, and of a minute's requests and tokens.

Calls take from them without asking anyone. All methods are called with the broker's lock held.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from llmring.limits.counts import (
    BUCKET_SECONDS,
    MOST_AHEAD,
    WINDOW_SECONDS,
    BudgetGrant,
    BudgetQuery,
    RateAsk,
    RateGrant,
    RateQuery,
)

T = TypeVar("T")

# A lease of requests must be used within this time, as it counts from when it was granted.
RATE_LEASE_SECONDS = 0.5
# What no call has taken from for so long is given back.
IDLE_SECONDS = 1.0


class Ticket(Generic[T]):
    """A call that waits for an answer."""

    def __init__(self) -> None:
        self.result: T | None = None
        self._loop = asyncio.get_running_loop()
        self._is_gone = False
        self.answered: asyncio.Future[None] = self._loop.create_future()

    def resolve(self, result: T) -> bool:
        """Let the call go on with a result; return False if it no longer waits."""
        if self._is_gone:
            return False
        self.result = result
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # its loop was closed
            self.result = None
            return False
        return True

    def give_up(self) -> T | None:
        """Stop waiting; return the result that came in the last moment."""
        self._is_gone = True
        return self.result

    def _wake(self) -> None:
        if not self.answered.done():
            self.answered.set_result(None)


class Growth:
    """The number of calls to lease ahead: the sooner a lease was used up, the larger the next."""

    def __init__(self) -> None:
        self._calls = 1
        self._asked_at = float("-inf")

    def ahead(self, now: float) -> int:
        """Return the calls to lease ahead of those that wait."""
        soon = now - self._asked_at < IDLE_SECONDS
        self._asked_at = now
        self._calls = min(MOST_AHEAD, self._calls * 2) if soon else 1
        return self._calls - 1


class BudgetRefusal(Struct, frozen=True):
    """The answer to a call that a budget refuses.

    Attributes:
        counted: What is counted as spent, in billionths of a USD.
        is_blind: True if only this machine's share could be counted.
    """

    counted: int
    is_blind: bool = False


class BudgetTicket(Ticket[bool | BudgetRefusal | Exception]):
    """A call that waits for an amount; the result is True, the refusal, or why it is not known.

    Args:
        amount: The amount, in billionths of a USD.
    """

    def __init__(self, amount: int) -> None:
        super().__init__()
        self.amount = amount


class BudgetLease:
    """The part of a budget that this process holds, in billionths of a USD.

    Args:
        key: The account.
        period: The label of the period.

    Attributes:
        limit: The budget.
        free: The part that no call has reserved; negative after calls that cost more.
        owed: What was taken from this machine's share, unknown to the shared count.
        reported: What the shared count has counted for this process.
        counted: What was counted as spent at the last answer.
        rest: What was left of it in the shared count, if known.
        waiting: The calls that wait for an answer.
        used_at: When it was last used.
    """

    def __init__(self, key: str, period: str) -> None:
        self.key = key
        self.period = period
        self.limit = 0
        self.free = 0
        self.owed = 0
        self.reported = 0
        self.counted = 0
        self.rest: int | None = None
        self.waiting: deque[BudgetTicket] = deque()
        self.used_at = 0.0
        self._growth = Growth()
        self._most = 0

    def take(self, amount: int, limit: int, now: float) -> bool:
        """Reserve an amount; return False if it has to be asked for."""
        self.limit, self.used_at = limit, now
        if self.waiting or amount > self.free:
            return False
        self.free -= amount
        return True

    def put_back(self, amount: int) -> None:
        """Give back an amount; a negative one was spent on top of what was reserved."""
        self.free += amount

    def query(
        self, now: float, *, ends: bool = False, is_blind: bool = False
    ) -> BudgetQuery | None:
        """Return what is to be asked or reported; None for nothing.

        What is free is given back, to be granted again with the rest that is asked for.

        Args:
            now: The time.
            ends: True if the process ends.
            is_blind: True if this machine's share is asked, and not the shared count.
        """
        owed = 0 if is_blind else self.owed
        is_idle = ends or now - self.used_at >= IDLE_SECONDS
        given = self.free
        if not (self.waiting or is_idle or given < 0):
            given = max(0, given - self._most)
        if not (self.waiting or given or owed):
            return None
        self.free -= given
        self.owed -= owed
        least, needed, more = None, 0, 0
        if self.waiting:
            least = self.waiting[0].amount
            needed = sum(each.amount for each in self.waiting)
            more = self._growth.ahead(now) * self.waiting[-1].amount
            self._most = needed + more
        return BudgetQuery(
            key=self.key,
            period=self.period,
            limit=self.limit,
            change=owed - given,
            least=least,
            needed=needed,
            more=more,
        )

    def answer(self, grant: BudgetGrant, *, is_blind: bool) -> None:
        """Take the answer to a query, and let those go on whose amounts it covers."""
        self.counted = grant.counted
        if grant.granted is None:
            # What is too much for the first is too much for all that need as much.
            least = self.waiting[0].amount if self.waiting else 0
            kept = [each for each in self.waiting if each.amount < least]
            refused = [each for each in self.waiting if each.amount >= least]
            self.waiting = deque(kept)
            for each in refused:
                each.resolve(BudgetRefusal(grant.counted, is_blind))
            return
        self.free += grant.granted
        while self.waiting and self.waiting[0].amount <= self.free:
            ticket = self.waiting.popleft()
            if ticket.resolve(True):
                self.free -= ticket.amount

    @property
    def is_live(self) -> bool:
        """True if something is held or to be reported, or a call waits."""
        return bool(self.waiting or self.free or self.owed)

    def fail(self, error: Exception) -> None:
        """Fail the calls that wait, as the budget can't be counted."""
        while self.waiting:
            self.waiting.popleft().resolve(error)


class RateTicket(Ticket[RateGrant | Exception]):
    """A request that waits for an answer; the result is that, or an error.

    Args:
        tokens: Its tokens, by estimate.
        patience: Seconds that it may wait.
    """

    def __init__(self, tokens: int, patience: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.patience = patience


class _Granted(Struct):
    """Requests and tokens granted ahead."""

    bucket: int
    requests: int
    tokens: int
    until: float


class RateLease:
    """The requests and tokens of a minute that this process holds.

    Args:
        key: The account.

    Attributes:
        rpm: Requests of a minute; None for no limit.
        tpm: Tokens of a minute; None for no limit.
        waiting: The requests that wait for an answer.
        changes: Requests and tokens to add to buckets of the count.
        unknown: The same, for the shared count, while that of this machine is used.
        recent: What the shared count has granted in the last minute.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.rpm: int | None = None
        self.tpm: int | None = None
        self.waiting: list[RateTicket] = []
        self.changes: dict[int, tuple[int, int]] = {}
        self.unknown: dict[int, tuple[int, int]] = {}
        self.recent: dict[int, tuple[int, int]] = {}
        self._seeds: list[tuple[int, int, int]] = []
        self._sent: list[RateTicket] = []
        self._granted: deque[_Granted] = deque()
        self._growth = Growth()

    def take(self, tokens: int, rpm: int | None, tpm: int | None, now: float) -> int | None:
        """Take a request from what is held; return its bucket, None if it has to be asked for."""
        self.rpm, self.tpm = rpm, tpm
        if self.waiting or self._sent:
            return None
        for each in self._granted:
            if each.until > now and each.requests and (tpm is None or each.tokens >= tokens):
                each.requests -= 1
                each.tokens -= tokens
                return each.bucket
        return None

    def change(self, bucket: int, requests: int, tokens: int) -> None:
        """Add to what is counted in a bucket."""
        _add(self.changes, bucket, requests, tokens)

    def note_grants(self, grants: Sequence[RateGrant], *, is_blind: bool) -> None:
        """Note what was granted: by this machine's count, or by the shared one.

        Args:
            grants: The answers to the asks.
            is_blind: True if the shared count does not know of them yet.
        """
        for each in grants:
            if each.requests:
                noted = self.unknown if is_blind else self.recent
                _add(noted, each.bucket, each.requests, each.tokens)
        if self.recent:
            oldest = max(self.recent) - WINDOW_SECONDS / BUCKET_SECONDS
            self.recent = {each: held for each, held in self.recent.items() if each >= oldest}

    def begin_share(self) -> None:
        """Count in this machine's share what the shared count has granted in the last minute."""
        self._seeds = [(bucket, *held) for bucket, held in self.recent.items()]

    def query(self, now: float, *, ends: bool = False, is_blind: bool = False) -> RateQuery | None:
        """Return what is to be asked or reported; arguments as for `BudgetLease.query`."""
        for each in list(self._granted):
            if ends or each.until <= now or not each.requests:
                self._granted.remove(each)
                self.change(each.bucket, -each.requests, -each.tokens)
        self._sent, self.waiting = self.waiting, []
        if not (self.changes or self._sent or (self.unknown and not is_blind)):
            return None
        asks = [RateAsk(tokens=each.tokens, patience=each.patience) for each in self._sent]
        if asks:
            ahead, last = self._growth.ahead(now), asks[-1]
            asks[-1] = RateAsk(
                tokens=last.tokens,
                patience=last.patience,
                more_requests=ahead,
                more_tokens=ahead * last.tokens,
            )
        if not is_blind:
            for bucket, (requests, tokens) in self.unknown.items():
                self.change(bucket, requests, tokens)
            self.unknown = {}
        changes = [(bucket, *held) for bucket, held in self.changes.items() if held != (0, 0)]
        self.changes = {}
        for change in changes:
            _add(self.unknown if is_blind else self.recent, *change)
        if is_blind:
            changes += self._seeds
            self._seeds = []
        return RateQuery(key=self.key, rpm=self.rpm, tpm=self.tpm, changes=changes, asks=asks)

    def answer(self, grants: Sequence[RateGrant], now: float) -> None:
        """Take the answers to the asks of the last query."""
        sent, self._sent = self._sent, []
        for ticket, grant in zip(sent, grants, strict=True):
            if not ticket.resolve(grant) and grant.requests:
                self.change(grant.bucket, -1, -ticket.tokens)
            if grant.requests > 1 or grant.tokens > ticket.tokens:
                self._granted.append(
                    _Granted(
                        grant.bucket,
                        grant.requests - 1,
                        grant.tokens - ticket.tokens,
                        now + RATE_LEASE_SECONDS,
                    )
                )

    def ask_again(self, changes: Sequence[tuple[int, int, int]] = ()) -> None:
        """Ask again what was not answered.

        Args:
            changes: What was reported, and may not have been counted.
        """
        self.waiting = self._sent + self.waiting
        self._sent = []
        for bucket, requests, tokens in changes:
            # Rather twice than never.
            _add(self.unknown, bucket, max(0, requests), max(0, tokens))

    def fail(self, error: Exception) -> None:
        """Fail the requests that wait, as they can't be counted."""
        self.ask_again()
        for each in self.waiting:
            each.resolve(error)
        self.waiting = []

    @property
    def is_live(self) -> bool:
        """True if something is held or to be reported, or a request waits."""
        return bool(self.waiting or self._sent or self._granted or self.changes or self.unknown)


def _add(buckets: dict[int, tuple[int, int]], bucket: int, requests: int, tokens: int) -> None:
    before = buckets.get(bucket, (0, 0))
    buckets[bucket] = before[0] + requests, before[1] + tokens
