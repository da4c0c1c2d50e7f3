"""Admission of calls within their limits: calls in progress, requests and tokens, budgets.

A call counts for its alias and for what `CallWishes.accounts` names, and all of them must allow it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from llmring.clock import Clock
from llmring.exceptions import BudgetExceededError, LimitExceededError, ProviderError
from llmring.limits.broken_off import cost_so_far
from llmring.limits.counts import end_of, label_of, nanos, usd_of
from llmring.limits.reservation import CountedRequest, Reservation
from llmring.registry.price import Unpriced, dollars
from llmring.routing.account import Account, Budget
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.policy import Rules
from llmring.routing.targets import Target

if TYPE_CHECKING:
    from llmring.limits.lease_broker import BudgetNeed, LeaseBroker
    from llmring.limits.leases import BudgetRefusal
    from llmring.limits.slots import Slots
    from llmring.routing.attempt import AttemptState
    from llmring.routing.failover import Failover

# For a call that may wait for as long as it takes.
_NO_LIMIT_SECONDS = 1e9
# When a call may be worth another try, while the shared counts can't be used.
_BLIND_RETRY_SECONDS = 5.0


class AdmissionControl:
    """Admits calls.

    Args:
        leases: Returns the broker of the process's leases; called when a limit is first checked.
        clock: The ring's clock; the periods of budgets are those of its day in UTC.
    """

    def __init__(self, leases: Callable[[], LeaseBroker], clock: Clock) -> None:
        self._leases = leases
        self._clock = clock

    def admitted(self, rules: Rules | None, deadline: float | None) -> Admission:
        """Return the admission of a call, to enter before its first request and leave at its end.

        Args:
            rules: The limits of the call; None for no limits.
            deadline: When the call must be over, in seconds of `time.monotonic`; None for no
                limit.
        """
        return Admission(rules, deadline, self._leases, self._clock)


class Admission(CallObserver):
    """The admission of one call, and the observer that counts its tokens and cost."""

    def __init__(
        self,
        rules: Rules | None,
        deadline: float | None,
        leases: Callable[[], LeaseBroker],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._rules = rules
        self._deadline = deadline
        self._accounts = _accounts(rules)
        self._leases = leases
        self._slots: list[Slots] = []
        self._reservations: dict[ObservedAttempt, Reservation] = {}
        self._failover: Failover | None = None

    async def enter(self) -> None:
        """Wait for the call's turn.

        Raises:
            LimitExceededError: The call can't start within its time.
        """
        rules = self._rules
        if rules is None or not self._accounts:
            return
        self._check_sight(rules)
        try:
            for account in self._accounts:
                if account.max_concurrency is not None:
                    await self._enter(account, account.max_concurrency, rules)
            self._check_sight(rules)
        except BaseException:
            self.leave()
            raise

    async def _enter(self, account: Account, limit: int, rules: Rules) -> None:
        slots = self._leases().slots(account.key)
        if not await slots.enter(limit, self._patience(account), rules.group):
            raise _too_many(account, limit)
        self._slots.append(slots)

    def leave(self) -> None:
        """Admit the next call, and settle the requests whose outcome is not known."""
        for attempt, reservation in self._reservations.items():
            self._break_off(attempt, reservation)
        # Breaks a reference cycle: attempts refer to the call, and the call to this object.
        self._reservations.clear()
        self._failover = None
        slots, self._slots = self._slots, []
        for each in slots:
            each.leave()

    async def __aenter__(self) -> Self:
        await self.enter()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    async def admit(self, failover: Failover, attempt: AttemptState) -> None:
        """Wait until an attempt's request may be sent, and move its deadline by the wait.

        Raises:
            LLMRingError: See `sending`.
        """
        self._failover = failover
        before = failover.clock()
        self._reservations[attempt] = await self.sending(attempt.target)
        if attempt.deadline is not None and failover.deadline is not None:
            attempt.deadline = min(failover.deadline, attempt.deadline + failover.clock() - before)

    def on_attempt_settled(self, attempt: ObservedAttempt) -> None:
        """Count the tokens and cost of an answer, if known."""
        reservation = self._reservations.pop(attempt, None)
        if reservation is not None:
            reservation.answered(attempt.cost, attempt.usage)

    def on_attempt_failure(self, attempt: ObservedAttempt, error: ProviderError) -> None:
        """Count the tokens and cost that a failed attempt may have taken."""
        reservation = self._reservations.pop(attempt, None)
        if reservation is None:
            return  # nothing was sent
        if attempt.usage is None:
            reservation.failed(error)
        else:
            reservation.answered(attempt.cost, attempt.usage)

    async def sending(self, target: Target) -> Reservation:
        """Wait until a request may be sent to this model, and reserve its estimated cost.

        Raises:
            LimitExceededError: It can't be sent within the call's time.
            BudgetExceededError: Its estimated cost exceeds the rest of a budget.
            ConfigurationError: The spending can't be counted.
        """
        rules = self._rules
        if rules is None or not self._accounts:
            return Reservation(None)
        broker = self._leases()
        reservation = Reservation(broker)
        try:
            for account in self._accounts:
                if account.rpm is not None or account.tpm is not None:
                    await self._request(broker, account, rules, reservation)
            await self._reserve(broker, target, rules, reservation)
            self._check_sight(rules)
        except BaseException:
            reservation.withdraw()
            raise
        return reservation

    async def _request(
        self, broker: LeaseBroker, account: Account, rules: Rules, reservation: Reservation
    ) -> None:
        """Wait until a minute has room for a request of an account."""
        rpm, tpm, tokens = account.rpm, account.tpm, rules.estimate.tokens
        if tpm is not None and tokens > tpm:
            raise LimitExceededError(
                f"the call may use {tokens} tokens, more than the {tpm} of a minute that "
                f"{account.name} may use (tpm); ask for a shorter answer with max_tokens, or raise "
                "tpm"
            )
        patience = self._patience(account)
        lease = broker.rate(account.key)
        seconds = _NO_LIMIT_SECONDS if patience is None else max(0.0, patience)
        turns = None
        if account.waits and rules.queue is not None:
            # In turn by key: else one with many calls would have all places of the next seconds.
            turns = broker.turns(account.key)
            began = time.monotonic()
            if not await turns.enter(1, seconds, rules.group):
                raise _too_fast(account, rules.queue)
            seconds = max(0.0, seconds - (time.monotonic() - began))
        try:
            grant = await broker.request(lease, rpm, tpm, tokens, seconds)
            if isinstance(grant, int):
                reservation.add_request(CountedRequest(lease, grant, tokens))
                return
            if not grant.requests:
                raise _too_fast(account, grant.wait)
            reservation.add_request(CountedRequest(lease, grant.bucket, tokens))
            if grant.wait > 0:
                await asyncio.sleep(grant.wait)
        finally:
            if turns is not None:
                turns.leave()

    async def _reserve(
        self, broker: LeaseBroker, target: Target, rules: Rules, reservation: Reservation
    ) -> None:
        """Reserve the estimated cost of a request in the budgets of all accounts."""
        budgets = [(account, each) for account in self._accounts for each in account.budgets]
        if not budgets:
            return
        from llmring.limits.lease_broker import BudgetNeed

        day = self._clock.now().date()

        def amount(account: Account) -> int:
            cost = (
                rules.estimate.most_cost(target.facts, day)
                if account.is_hard
                else rules.estimate.cost(target.facts, day)
            )
            return 0 if isinstance(cost, Unpriced) else nanos(rules.extras.added_to(cost))

        needs = [
            BudgetNeed(
                broker.budget(account.key, label_of(each.period, day)),
                amount(account),
                nanos(each.usd),
            )
            for account, each in budgets
        ]
        refused = await broker.reserve(needs)
        if refused is not None:
            need, refusal = refused
            account, budget = next(
                pair for pair, each in zip(budgets, needs, strict=True) if each is need
            )
            raise self._over_budget(account, budget, target, need, refusal)
        reservation.add_amounts(needs)

    def _break_off(self, attempt: ObservedAttempt, reservation: Reservation) -> None:
        """Settle a request that the call did not wait for: by what came of its answer."""
        if not getattr(attempt, "is_sent", True):
            reservation.withdraw()
            return
        rules, failover = self._rules, self._failover
        if rules is None or failover is None:
            return
        cost = cost_so_far(attempt, rules.estimate, failover.context.progress.text, failover.day)
        if cost is not None:
            reservation.answered(cost, attempt.usage)

    def _patience(self, account: Account) -> float | None:
        """Return how long the call may wait for an account; None for no limit."""
        if not account.waits:
            return 0.0
        left = None if self._deadline is None else self._deadline - time.monotonic()
        queue = None if self._rules is None else self._rules.queue
        known = [each for each in (left, queue) if each is not None]
        return min(known, default=None)

    def _check_sight(self, rules: Rules) -> None:
        """Refuse the call if it must not go on while the shared counts can't be used."""
        if rules.refuses_blind and self._leases().is_blind:
            raise LimitExceededError(
                "the call's limits can't be counted with the other machines at the moment "
                '(when_blind = "refuse" in the lockfile)',
                retry_after=_BLIND_RETRY_SECONDS,
            )

    def _over_budget(
        self,
        account: Account,
        budget: Budget,
        target: Target,
        need: BudgetNeed,
        refusal: BudgetRefusal,
    ) -> BudgetExceededError:
        now = self._clock.now()
        end = end_of(budget.period, now.date())
        every = "in all" if end is None else f"a {budget.period}"
        share = "; other machines can't be asked, so this one keeps to its share"
        advice = "raise daily_budget in the lockfile" if account.waits else "raise the budget"
        if end is not None:
            advice = f"{advice}, or wait until the {budget.period} ends in UTC"
        spent, amount = usd_of(refusal.counted), usd_of(need.amount)
        return BudgetExceededError(
            f"{account.name} may spend {dollars(budget.usd)} {every}; {dollars(spent)} are spent "
            f"or reserved for calls in progress, and {target.ref} may cost {dollars(amount)} for "
            f"this one{share if refusal.is_blind else ''}; {advice}",
            budget.usd,
            spent,
            amount,
            retry_after=None
            if end is None
            else (datetime.combine(end, datetime.min.time(), UTC) - now).total_seconds(),
        )


def _accounts(rules: Rules | None) -> Sequence[Account]:
    """Return what a call counts for: first those that refuse at once, then those that wait."""
    if rules is None:
        return ()
    limited = [each for each in (*rules.accounts, rules.account) if each.is_limited]
    return sorted(limited, key=lambda each: each.waits)


def _too_many(account: Account, limit: int) -> LimitExceededError:
    if account.waits:
        return LimitExceededError(
            f"{limit} calls of {account.name} were in progress all the time that the call could "
            "wait (max_concurrency in the lockfile)"
        )
    return LimitExceededError(
        f"{limit} calls of {account.name} are in progress, and more are not allowed "
        "(max_concurrency)",
        retry_after=1.0,
    )


def _too_fast(account: Account, wait: float | None) -> LimitExceededError:
    limits = {"rpm": account.rpm, "tpm": account.tpm}
    named = " and ".join(f"{key} = {most}" for key, most in limits.items() if most is not None)
    if account.waits:
        named = f"{named} in the lockfile"
    when = "" if wait is None else f" in {wait:.1f} s"
    return LimitExceededError(
        f"the call of {account.name} could be sent{when}, later than its time allows ({named})",
        retry_after=wait,
    )
