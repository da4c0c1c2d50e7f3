"""The orderly end of a gateway: what runs goes on for a while, and nothing new begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

DELAY_SECONDS = 5.0
LIMIT_SECONDS = 300.0


class Drain:
    """The state of a gateway that ends.

    Until the delay is over, it answers as before, but reports that it is not ready, so that load
    balancers leave it. Then it takes no connections, answers at most one more call on each that it
    has, and calls that run have until the limit.

    Args:
        delay: Seconds from the first signal until no connections are taken.
        limit: Seconds from then on that calls may go on.
        monotonic: The clock, in seconds.
    """

    def __init__(
        self,
        delay: float = DELAY_SECONDS,
        limit: float = LIMIT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self._delay = delay
        self._monotonic = monotonic
        self._closes_at: float | None = None
        self._is_expired = self._is_forced = False
        self._running: set[asyncio.Task[object]] = set()

    @property
    def is_draining(self) -> bool:
        """True from the first signal on."""
        return self._closes_at is not None

    @property
    def is_closing(self) -> bool:
        """True from the end of the delay on."""
        return self._closes_at is not None and self._monotonic() >= self._closes_at

    @property
    def is_expired(self) -> bool:
        """True after the last moment of all calls."""
        return self._is_expired

    @property
    def running(self) -> int:
        """The number of calls that run."""
        return len(self._running)

    @property
    def is_forced(self) -> bool:
        """True if the gateway is to end now."""
        return self._is_forced

    def begin(self, *, at_once: bool = False) -> None:
        """Begin to drain.

        Args:
            at_once: True for no delay.
        """
        self._closes_at = self._monotonic() + (0 if at_once else self._delay)

    def force(self) -> None:
        """End now, without the delay and whatever runs."""
        self.begin(at_once=True)
        self._is_forced = True

    def expire(self) -> None:
        """Cancel the calls that still run."""
        self._is_expired = True
        for task in self._running:
            task.cancel()

    def enter(self, task: asyncio.Task[object]) -> None:
        """Count a task as a running call."""
        self._running.add(task)

    def leave(self, task: asyncio.Task[object]) -> None:
        """Count a task no longer."""
        self._running.discard(task)
