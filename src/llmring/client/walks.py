"""The walks of a call that takes more than one request; they share its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date

from llmring.chat.response import Attempt
from llmring.routing.failover import Prepared, Walk
from llmring.routing.targets import Skip, Target


class Walks:
    """Begins walks that all end by the same time.

    Args:
        seconds: How long all of them may take together; None for no limit.
        on_attempt: Told of each attempt as soon as its outcome is known.
    """

    def __init__(
        self, seconds: float | None, on_attempt: Callable[[Attempt], None] | None = None
    ) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        self._on_attempt = on_attempt

    def over(
        self,
        candidates: Sequence[Target | Skip],
        prepare: Callable[[Target], Prepared],
        alias: str | None = None,
    ) -> Walk:
        """A walk over these models; arguments as for `Walk`."""
        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        return Walk(
            prepare,
            candidates,
            alias=alias,
            timeout=left,
            clock=time.monotonic,
            day=date.today(),
            on_attempt=self._on_attempt,
        )
