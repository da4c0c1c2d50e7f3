"""The rest of a limit, as the headers of the last reply report it."""

from __future__ import annotations

from llmring.dialects.rates.rate_limits import RateLimit

# What is left is spread over a minute, and the whole of a longer period may be used at once.
_MOST_SPREAD_SECONDS = 60.0
# Many servers renew a limit bit by bit, long before the time at which it is whole again.
_MOST_WAIT_SECONDS = 60.0
# So that rounding never asks for a wait too short to pass.
_LEAST_WAIT_SECONDS = 1e-6
# While more of the limit is left, nothing is spread.
_PLENTY = 0.5


class Quota:
    """The requests, or the tokens, that may still be sent until a limit is reset."""

    def __init__(self) -> None:
        self._left = 0.0
        self._until = 0.0
        self._plenty = 0.0
        self._taken_at = 0.0

    def report(self, limit: RateLimit, later: float, now: float) -> None:
        """Take what a reply reports, now that it has arrived.

        Args:
            limit: The limit.
            later: What was sent after the reply's request.
            now: The time.
        """
        if limit.reset is None:
            return
        self._left = limit.remaining - later
        self._until = now + limit.reset
        self._plenty = float("inf") if limit.limit is None else limit.limit * _PLENTY

    def take(self, count: float, now: float) -> None:
        """Count what is sent now."""
        self._left -= count
        self._taken_at = now

    def wait(self, count: float, now: float) -> float:
        """Return the seconds after which this many may be sent."""
        seconds = self._until - now
        if seconds <= 0:
            return 0.0
        if self._left < count:
            return min(seconds, _MOST_WAIT_SECONDS)
        if self._left > self._plenty or seconds > _MOST_SPREAD_SECONDS:
            return 0.0
        gap = count * seconds / self._left
        wait = self._taken_at + gap - now
        return wait if wait > _LEAST_WAIT_SECONDS else 0.0
