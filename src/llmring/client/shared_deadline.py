"""The walks of a call that takes more than one request; they share its time."""

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
    """Begins walks that all end by the same time.

    Args:
        seconds: How long all of them may take together; None for no limit.
        clock: The ring's clock.
        terms: On what terms the models are asked; left out, the usual ones.
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
        """A walk over these models; arguments as for `Walk`."""
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
        """The attempts of all walks so far."""
        return [attempt for walk in self._begun for attempt in walk.attempts]
