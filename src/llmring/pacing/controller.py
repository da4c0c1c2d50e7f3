"""The pace of the requests to one model: how many at a time, and how many a second.

Does no I/O, and reads no clock: all times are given, in seconds of one clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from llmring.dialects.rates.rate_limits import RateLimits, Unit
from llmring.pacing.growth import Growth
from llmring.pacing.quota import Quota
from llmring.pacing.sent_counts import WINDOW_SECONDS, SentCounts

FIRST_WINDOW = 8.0
# Of the requests in flight when a limit is met.
WINDOW_SHARE = 0.5
# Of the rate that a model has admitted before.
RATE_SHARE = 0.95
# A rate is measured over at least this many requests, if they fit into a minute.
_MEASURED_REQUESTS = 10.0
# Requests that are late, as the process was busy, are sent at once up to this many seconds' worth.
_LATE_SECONDS = 0.05
# Without a `retry-after`: doubled while nothing is admitted.
_FIRST_PAUSE_SECONDS = 0.25
_MOST_PAUSE_SECONDS = 8.0
# So that rounding never asks for a wait too short to pass.
_WHOLE = 1.0 - 1e-6
# The weight of one answer in the mean of tokens.
_WEIGHT = 0.05


class Sent(Struct, frozen=True):
    """A request in flight: the time at which it was sent, and the tokens that it may take."""

    at: float
    tokens: int


class PaceController:
    """The pace of the requests to one model.

    Up to the first limit, the window of requests in flight doubles each second. Where a limit is
    met, the window is halved if it was full, and the rate is kept below what the model has admitted
    of late; both grow again as `Growth` has it.

    Args:
        most: The most requests in flight.
        now: The time.

    Attributes:
        in_flight: The requests in flight.
        limits: How often a limit was met.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most = float(most)
        self.in_flight = 0
        self.limits = 0
        self._window = min(FIRST_WINDOW, self._most)
        self._rate = math.inf
        self._window_growth: Growth | None = None
        self._rate_growth: Growth | None = None
        self._grown_at = now
        # Whether the window, or the rate, has kept a request waiting since it was last grown.
        self._is_full = self._is_fast = False
        self._credit = 1.0
        self._credited_at = now
        self._counts = SentCounts()
        # The last limit, the pause after it, and the halving of the window.
        self._limit_at = -math.inf
        self._resumes = -math.inf
        self._pauses_in_row = 0
        self._halved_at = -math.inf
        self._quotas: Mapping[Unit, Quota] = {"requests": Quota(), "tokens": Quota()}
        # Tokens that answers took, as a share of the estimates.
        self._token_share = 1.0

    @property
    def window(self) -> int:
        """The requests that may be in flight."""
        return max(1, int(self._window))

    @property
    def rate(self) -> float | None:
        """The requests that may be sent in a second; None before the first limit."""
        return None if math.isinf(self._rate) else self._rate

    def resumes_in(self, now: float) -> float:
        """Return the seconds until the pause after a limit is over; 0.0 without a pause."""
        return max(0.0, self._resumes - now)

    def wait(self, tokens: int, now: float) -> float:
        """Return the seconds after which the next request may be sent.

        Infinite if one in flight has to end first.

        Args:
            tokens: The tokens that it may take.
            now: The time.
        """
        if now < self._resumes:
            return self._resumes - now
        self._grow(now)
        if self.in_flight >= self.window:
            self._is_full = True
            return math.inf
        wait = max(
            self._quotas["requests"].wait(1.0, now),
            self._quotas["tokens"].wait(tokens * self._token_share, now),
        )
        if not math.isinf(self._rate):
            self._add_credit(now)
            if self._credit < _WHOLE:
                self._is_fast = True
                wait = max(wait, (1.0 - self._credit) / self._rate)
        return wait

    def send(self, tokens: int, now: float) -> Sent:
        """Count a request that is sent now."""
        self.in_flight += 1
        self._counts.sent(now)
        self._credit -= 1.0
        self._quotas["requests"].take(1.0, now)
        self._quotas["tokens"].take(tokens * self._token_share, now)
        return Sent(now, tokens)

    def report(self, limits: RateLimits, now: float) -> None:
        """Take what the headers of a reply report."""
        if limits.requests is not None:
            self._quotas["requests"].report(limits.requests, now)
        if limits.tokens is not None:
            self._quotas["tokens"].report(limits.tokens, now)

    def answered(self, sent: Sent, tokens: int | None) -> None:
        """Count an answer.

        Args:
            sent: The request.
            tokens: The tokens that it took, if known.
        """
        self.in_flight -= 1
        if sent.at >= self._limit_at:
            self._pauses_in_row = 0
        if tokens is not None and sent.tokens:
            share = min(tokens / sent.tokens, 2.0)
            self._token_share += _WEIGHT * (share - self._token_share)

    def failed(self) -> None:
        """Count a request that failed otherwise than by a limit, or was given up."""
        self.in_flight -= 1

    def limited(self, sent: Sent, retry_after: float | None, now: float) -> None:
        """Slow down, as a request has met a limit.

        Args:
            sent: The request.
            retry_after: The seconds that the provider asks to wait, if it does.
            now: The time.
        """
        self.limits += 1
        was_full = self.in_flight >= self.window - 1
        self.in_flight -= 1
        self._counts.met_limit(sent.at)
        if sent.at < max(self._limit_at, self._resumes):
            return  # The pace was another one when it was sent.
        admitted = self._admitted_rate(sent.at)
        if math.isinf(self._rate):
            self._rate = RATE_SHARE * admitted or 1.0
        else:
            self._rate = min(self._rate, max(RATE_SHARE * admitted, self._rate / 2))
        self._rate_growth = Growth(self._rate / RATE_SHARE, RATE_SHARE)
        if was_full and now - self._halved_at >= 1.0:
            self._halved_at = now
            self._window_growth = Growth(self._window, WINDOW_SHARE)
            self._window = max(1.0, self._window * WINDOW_SHARE)
        self._limit_at = now
        self._resumes = now + (retry_after or self._pause())
        self._credit, self._credited_at = 1.0, self._resumes
        self._grown_at = self._resumes
        self._is_full = self._is_fast = False

    def _pause(self) -> float:
        """Return the seconds to wait after a limit whose `retry-after` is unknown."""
        seconds = _FIRST_PAUSE_SECONDS * 2.0**self._pauses_in_row
        self._pauses_in_row = min(self._pauses_in_row + 1, 10)
        return min(seconds, _MOST_PAUSE_SECONDS)

    def _admitted_rate(self, at: float) -> float:
        """Return the requests a second that were admitted before this time."""
        span = 1.0
        if not math.isinf(self._rate):
            span = max(span, _MEASURED_REQUESTS / self._rate)
        paused = self._resumes - self._limit_at
        if at - self._resumes < max(1.0, paused):
            # What a pause has let through belongs to the pause, too.
            span = max(span, at - self._limit_at)
        span = min(span, WINDOW_SECONDS)
        return self._counts.admitted(at - span, at) / span

    def _grow(self, now: float) -> None:
        """Let the ceilings grow that were in use."""
        seconds = now - self._grown_at
        if self._window_growth is None and self._rate_growth is None:
            if self._is_full and seconds >= 1.0:
                self._window = min(self._most, self._window * 2.0)
                self._is_full, self._grown_at = False, now
            return
        if seconds <= 0:
            return
        self._grown_at = now
        if self._is_full:
            self._is_full = False
            self._grow_window(min(seconds, 1.0))
        if self._is_fast and self._rate_growth is not None:
            self._is_fast = False
            self._rate_growth.advance(min(seconds, 1.0))
            self._rate = self._rate_growth.value

    def _grow_window(self, seconds: float) -> None:
        if self._window_growth is None:
            self._window_growth = Growth(self._window, RATE_SHARE)
        self._window_growth.advance(seconds)
        grown = max(self._window + seconds, self._window_growth.value)
        self._window = min(self._most, grown, self._window * 2.0**seconds + seconds)

    def _add_credit(self, now: float) -> None:
        most = max(1.0, self._rate * _LATE_SECONDS)
        self._credit = min(most, self._credit + max(0.0, now - self._credited_at) * self._rate)
        self._credited_at = now
