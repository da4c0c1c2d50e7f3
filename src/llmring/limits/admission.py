"""Admission of calls within the limits of their lockfile: concurrency, rates and budgets.

`max_concurrency`, `rpm` and `tpm` are counted for each alias of a profile, in this process;
`daily_budget` by `spending`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.clock import Clock
from llmring.exceptions import BudgetExceededError, ProviderError
from llmring.limits.rate_limits import RateWindow, Slots, WindowEntry
from llmring.registry.price import Unpriced, dollars
from llmring.routing.estimate import may_have_cost, usd
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.policy import Rules
from llmring.routing.targets import Target

if TYPE_CHECKING:
    from llmring.limits.budgets import Spending
    from llmring.routing.attempt import AttemptState
    from llmring.routing.failover import Failover


class _AliasLimits:
    """The queue and the rate window of one alias."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.window = RateWindow()


# By process, as a forked child has calls of its own. Shared by all rings of the application.
_limits: dict[tuple[int, str], _AliasLimits] = {}


class AdmissionControl:
    """Admits calls.

    Args:
        spending: Returns the counter of spending; called when a budget is first checked.
        clock: The ring's clock; budgets are counted by its day in UTC.
    """

    def __init__(self, spending: Callable[[], Spending], clock: Clock) -> None:
        self._spending = spending
        self._clock = clock

    def admitted(self, rules: Rules | None, deadline: float | None) -> Admission:
        """Return the admission of a call, to enter before its first request and leave at its end.

        Args:
            rules: The limits of the call; None for no limits.
            deadline: When the call must be over, in seconds of `time.monotonic`; None for no
                limit.
        """
        return Admission(rules, deadline, self._spending, self._clock)


class Admission(CallObserver):
    """The admission of one call, and the observer that counts its tokens and cost."""

    def __init__(
        self,
        rules: Rules | None,
        deadline: float | None,
        spending: Callable[[], Spending],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._rules = rules
        self._deadline = deadline
        self._spending = spending
        self._gates: _AliasLimits | None = None
        self._reservations: dict[ObservedAttempt, Reservation] = {}

    async def enter(self) -> None:
        """Wait for the call's turn.

        Raises:
            LimitExceededError: The call can't start within its time.
        """
        rules = self._rules
        if rules is not None and rules.policy.max_concurrency is not None:
            limits = _limits_of(rules)
            left = None if self._deadline is None else self._deadline - time.monotonic()
            await limits.slots.enter(rules.policy.max_concurrency, left)
            self._gates = limits

    def leave(self) -> None:
        """Admit the next call, if `enter` has admitted this one."""
        # Breaks a reference cycle: attempts refer to the call, and the call to this object.
        self._reservations.clear()
        if self._gates is not None:
            self._gates.slots.leave()

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
        before = failover.clock()
        reservation = await self.sending(attempt.target)
        self._reservations[attempt] = reservation
        if attempt.deadline is not None and failover.deadline is not None:
            attempt.deadline = min(failover.deadline, attempt.deadline + failover.clock() - before)

    def on_attempt_settled(self, attempt: ObservedAttempt) -> Awaitable[None] | None:
        """Count the tokens and cost of an answer, if known."""
        reservation = self._reservations.get(attempt)
        return None if reservation is None else reservation.answered(attempt.cost, attempt.usage)

    def on_attempt_failure(
        self, attempt: ObservedAttempt, error: ProviderError
    ) -> Awaitable[None] | None:
        """Count the tokens and cost that a failed attempt may have taken."""
        reservation = self._reservations.get(attempt)
        if reservation is None:
            return None  # nothing was sent
        if attempt.usage is None:
            return reservation.failed(error)
        return reservation.answered(attempt.cost, attempt.usage)

    async def sending(self, target: Target) -> Reservation:
        """Wait until a request may be sent to this model, and reserve its estimated cost.

        Raises:
            LimitExceededError: It can't be sent within the call's time.
            BudgetExceededError: Its estimated cost exceeds the rest of the day's budget.
            ConfigurationError: The spending can't be counted.
        """
        rules = self._rules
        if rules is None:
            return Reservation(None, None)
        policy = rules.policy
        window = sent = budget = None
        if policy.rpm is not None or policy.tpm is not None:
            window = _limits_of(rules).window
            sent = await window.enter(policy.rpm, policy.tpm, rules.estimate.tokens, self._deadline)
        if policy.daily_budget is not None:
            try:
                budget = await _budget(
                    rules, target, usd(policy.daily_budget), self._spending(), self._clock.now()
                )
            except BaseException:
                if window is not None and sent is not None:
                    window.withdraw(sent)
                raise
        return Reservation(sent, budget)


class _BudgetReservation(Struct, frozen=True):
    """The amount reserved for a request."""

    spending: Spending
    key: str
    day: date
    amount: Decimal


class Reservation:
    """The permission to send one request, and its share of the limits.

    Call `answered` or `failed` with the outcome. If neither is called, for example because the call
    is cancelled, the request stays counted by its estimate.
    """

    __slots__ = ("_budget", "_sent")

    def __init__(self, sent: WindowEntry | None, budget: _BudgetReservation | None) -> None:
        self._sent = sent
        self._budget = budget

    async def answered(self, cost: Decimal | None, usage: Usage | None) -> None:
        """Count the tokens and cost of the answer, if known.

        Args:
            cost: The cost in USD.
            usage: The tokens.
        """
        if self._sent is not None and usage is not None:
            self._sent.tokens = usage.total_tokens
        if cost is not None:
            await self._settle(cost)

    async def failed(self, error: ProviderError) -> None:
        """Stop counting the request, unless the provider may charge for this failure."""
        if not may_have_cost(error):
            if self._sent is not None:
                self._sent.tokens = 0
            await self._settle(Decimal(0))

    async def _settle(self, cost: Decimal) -> None:
        budget, self._budget = self._budget, None
        if budget is not None:
            await budget.spending.settle(budget.key, budget.day, budget.amount, cost)


def _limits_of(rules: Rules) -> _AliasLimits:
    place = os.getpid(), rules.key
    return _limits.get(place) or _limits.setdefault(place, _AliasLimits())


async def _budget(
    rules: Rules, target: Target, limit: Decimal, spending: Spending, now: datetime
) -> _BudgetReservation:
    day = now.date()
    cost = rules.estimate.cost(target.facts, day)
    amount = Decimal(0) if isinstance(cost, Unpriced) else cost
    if await spending.reserve(rules.key, day, amount, limit):
        return _BudgetReservation(spending, rules.key, day, amount)
    spent = await spending.spent(rules.key, day)
    midnight = datetime.combine(day + timedelta(1), datetime.min.time(), UTC)
    raise BudgetExceededError(
        f"{rules.alias!r} may spend {dollars(limit)} a day; {dollars(spent)} are spent or reserved "
        f"for calls in progress, and {target.ref} may cost {dollars(amount)} for this one; "
        "raise daily_budget in the lockfile, or wait until the day ends in UTC",
        limit,
        spent,
        amount,
        retry_after=(midnight - now).total_seconds(),
    )
