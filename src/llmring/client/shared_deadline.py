"""A time limit shared by all requests of one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from llmring.chat.response import Attempt
from llmring.clock import Clock
from llmring.routing.call_context import Terms
from llmring.routing.failover import Walk
from llmring.routing.prepare import Prepared
from llmring.routing.targets import Skip, Target


class Walks:
    """Creates the failover of each request of a call, with one deadline for all.

    Args:
        seconds: Time limit for all requests together; None for no limit.
        clock: The ring's clock.
        terms: The terms of the call; by default the usual ones.
    """

    def __init__(self, seconds: float | None, clock: Clock, terms: Terms | None = None) -> None:
        self._clock = clock
        self._terms = terms or Terms()
        self._begun: list[Walk] = []
        self._until = None if seconds is None else time.monotonic() + seconds

    def over(
        self,
        candidates: Sequence[Target | Skip],
        prepare: Callable[[Target], Prepared],
        alias: str | None = None,
    ) -> Walk:
        """Build the failover over these models; arguments as for `Walk`."""
        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        walk = Walk(
            prepare,
            candidates,
            alias=alias,
            timeout=left,
            clock=time.monotonic,
            day=self._clock.today(),
            terms=self._terms,
        )
        self._begun.append(walk)
        return walk

    def attempts(self) -> Sequence[Attempt]:
        """Return the attempts of all requests so far."""
        return [attempt for walk in self._begun for attempt in walk.attempts]
