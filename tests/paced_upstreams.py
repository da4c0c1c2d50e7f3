"""Upstreams with rate limits of several shapes, and rows sent to them in virtual time."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from llmring.dialects.rates.rate_limits import NO_LIMITS, RateLimit, RateLimits
from llmring.pacing.controller import PaceController, Sent


class Upstream(Protocol):
    """A server that admits this many requests a second."""

    rate: float

    def admits(self, now: float) -> bool: ...

    def headers(self, now: float) -> RateLimits: ...


class TokenBucket:
    """Admits what has been saved up, at most a second's worth."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._level = rate
        self._at = 0.0

    def admits(self, now: float) -> bool:
        self._level = min(self.rate, self._level + (now - self._at) * self.rate)
        self._at = now
        admitted = self._level >= 1
        self._level -= admitted
        return admitted

    def headers(self, now: float) -> RateLimits:
        full = (self.rate - self._level) / self.rate
        return RateLimits(RateLimit(int(self._level), full, self.rate))


class SlidingWindow:
    """Admits a number of requests in any second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._admitted: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._admitted and self._admitted[0] <= now - 1:
            self._admitted.popleft()
        if len(self._admitted) >= self.rate:
            return False
        self._admitted.append(now)
        return True

    def headers(self, now: float) -> RateLimits:
        return NO_LIMITS


class FixedWindow:
    """Admits a number of requests in each period by the clock."""

    def __init__(self, rate: float, period: float = 1.0) -> None:
        self.rate = rate
        self._period = period
        self._number = -1
        self._count = 0

    def admits(self, now: float) -> bool:
        number = int(now // self._period)
        if number != self._number:
            self._number, self._count = number, 0
        self._count += 1
        return self._count <= self.rate * self._period

    def headers(self, now: float) -> RateLimits:
        most = self.rate * self._period
        left = max(0.0, most - self._count)
        return RateLimits(RateLimit(left, (self._number + 1) * self._period - now, most))


class Outcome(Struct):
    """The answers and the limits met, by the second in which they came."""

    answers: Counter[int]
    limits: Counter[int]

    def rate(self, first: int, last: int) -> float:
        """Return the answers a second between two seconds."""
        return sum(self.answers[each] for each in range(first, last)) / (last - first)

    def refused(self, first: int, last: int) -> float:
        """Return the share of the requests between two seconds that met a limit."""
        limits = sum(self.limits[each] for each in range(first, last))
        return limits / max(1.0, limits + self.rate(first, last) * (last - first))


class Stage:
    """One model's rows, of which there are always more, in virtual time.

    Args:
        upstream: The server.
        latency: Seconds of an answer; a refusal takes at most 50 ms.
        retry_after: What a refusal asks to wait.
        shows: True if replies have rate headers.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        latency: float,
        retry_after: float | None = None,
        shows: bool = False,
        most: int = 256,
    ) -> None:
        self.outcome = Outcome(Counter(), Counter())
        self.controller = PaceController(most, 0.0)
        self._upstream = upstream
        self._latency = latency
        self._retry_after = retry_after
        self._shows = shows
        self._now = 0.0
        self._number = 0
        self._replies: list[tuple[float, int, bool, RateLimits, Sent]] = []

    def run(self, seconds: float, changes: Sequence[tuple[float, float]] = ()) -> Outcome:
        """Send rows until this time; the changes are the times and rates of other limits."""
        left = list(changes)
        while self._now < seconds:
            while left and left[0][0] <= self._now:
                self._upstream.rate = left.pop(0)[1]
            wait = self.controller.wait(0, self._now)
            if wait <= 0:
                self._send()
            elif self._replies and self._replies[0][0] <= self._now + wait:
                self._receive()
            else:
                self._now += wait
        return self.outcome

    def _send(self) -> None:
        sent = self.controller.send(0, self._now)
        admitted = self._upstream.admits(self._now)
        shown = self._upstream.headers(self._now) if self._shows else NO_LIMITS
        takes = self._latency if admitted else min(self._latency, 0.05)
        self._number += 1
        heapq.heappush(self._replies, (self._now + takes, self._number, admitted, shown, sent))

    def _receive(self) -> None:
        self._now, _, admitted, shown, sent = heapq.heappop(self._replies)
        self.controller.report(sent, shown, self._now)
        if admitted:
            self.controller.answered(sent, None, self._now)
            self.outcome.answers[int(self._now)] += 1
        else:
            self.controller.limited(sent, self._retry_after, self._now)
            self.outcome.limits[int(self._now)] += 1
