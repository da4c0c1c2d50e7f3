"""A time limit shared by all requests of one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from llmring.chat.response import Attempt
from llmring.clock import Clock
from llmring.routing.call_context import CallContext
from llmring.routing.failover import Failover
from llmring.routing.policy import Rules
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target


class SharedDeadline:
    """Creates the failover of each request of a call, with one deadline for all.

    Args:
        seconds: Time limit for all requests together; None for no limit.
        clock: The ring's clock.
        context: The terms of the call; by default the usual ones.
    """

    def __init__(
        self, seconds: float | None, clock: Clock, context: CallContext | None = None
    ) -> None:
        self._clock = clock
        self._context = context or CallContext()
        self._started: list[Failover] = []
        self._until = None if seconds is None else time.monotonic() + seconds

    @property
    def has_patience(self) -> bool:
        """True if the requests wait for their turns."""
        return self._context.patience is not None

    def failover(
        self,
        candidates: Sequence[Target | Skip],
        prepare: Callable[[Target], Prepared],
        alias: str | None = None,
        rules: Rules | None = None,
        tokens: int = 0,
    ) -> Failover:
        """Build the failover over these models.

        Args:
            candidates: As for `Failover`.
            prepare: As for `Failover`.
            alias: As for `Failover`.
            rules: The limits of the request; None for no limits.
            tokens: The tokens that it may take, for its turn.
        """
        left = None
        if self._until is not None:
            waited = sum(each.waited for each in self._started)
            left = max(0.0, self._until + waited - time.monotonic())
        failover = Failover(
            prepare,
            candidates,
            alias=alias,
            timeout=left,
            clock=time.monotonic,
            day=self._clock.today(),
            context=self._context
            if rules is None and not tokens
            else msgspec.structs.replace(self._context, rules=rules, tokens=tokens),
        )
        self._started.append(failover)
        return failover

    def attempts(self) -> Sequence[Attempt]:
        """Return the attempts of all requests so far."""
        return [attempt for failover in self._started for attempt in failover.attempts]
