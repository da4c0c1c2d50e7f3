"""The pace of the requests to one model: how many at a time, and how many a second.

Does no I/O, and reads no clock: all times are given, in seconds of one clock.
"""

from __future__ import annotations

import math
from typing import TypeGuard

from msgspec import Struct

from llmring.dialects.rates.rate_limits import RateLimit, RateLimits
from llmring.pacing.growth import CeilingGrowth
from llmring.pacing.quota import Quota
from llmring.pacing.sent_counts import WINDOW_SECONDS, SentCounts

FIRST_WINDOW = 8.0
# Of the requests in flight when a limit is met.
WINDOW_SHARE = 0.5
# Of the rate that a model has admitted before.
RATE_SHARE = 0.95
# Seconds until a ceiling is at the limit again.
_WINDOW_TO_TOP = 2.0
_RATE_TO_TOP = 6.0
# A limit that is met at this share of the highest rate is one of the rate.
_NEARLY = 0.9
# A rate is measured over at least this many requests, if they fit into a minute.
_MEASURED_REQUESTS = 10.0
# Requests that are late, as the process was busy, are sent at once up to this many seconds' worth.
_LATE_SECONDS = 0.05
# Without a `retry-after`: doubled while nothing is admitted.
_FIRST_PAUSE_SECONDS = 0.25
_MOST_PAUSE_SECONDS = 8.0
# So that rounding never asks for a wait too short to pass.
_WHOLE = 1.0 - 1e-6
_LONG_PAUSE_SECONDS = 1.5
_SOON_SECONDS = 2.0
_SOON_SHARE = 0.9
# One request in a minute.
_LEAST_RATE = 1 / 60
# The weight of one answer in the mean of tokens.
_WEIGHT = 0.05


class Sent(Struct, frozen=True):
    """A request in flight.

    Attributes:
        at: The time at which it was sent.
        tokens: The tokens that it may take.
        requests_so_far: The number of requests sent up to it.
        tokens_so_far: The tokens that they may take, as far as is known.
    """

    at: float
    tokens: int
    requests_so_far: int
    tokens_so_far: float


class PaceController:
    """The pace of the requests to one model.

    Up to the first limit, the window of requests in flight doubles each second. Where a limit is
    met, the window is halved if it was full, and the rate is kept below what the model has admitted
    just before; both grow again as `CeilingGrowth` has it.

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
        self._window_growth: CeilingGrowth | None = None
        self._rate_growth: CeilingGrowth | None = None
        self._grown_at = self._window_grown_at = now
        # Whether the window, or the rate, has kept a request waiting since it was last grown.
        self._is_full = self._is_fast = False
        self._credit = 1.0
        self._credited_at = now
        self._counts = SentCounts()
        # The last limit, the pause after it, and the halving of the window.
        self._limit_at = -math.inf
        self._resumes = -math.inf
        # The limits met since a request was last admitted, and the first of them.
        self._in_row = 0
        self._dry_from = -math.inf
        self._halved_at = -math.inf
        self._requests, self._tokens = Quota(), Quota()
        self._requests_so_far, self._tokens_so_far = 0, 0.0
        # The mean seconds of an answer.
        self._latency = 0.0
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
        if self._in_row > 1 and self.in_flight:
            return math.inf  # only one request tries whether there is room again
        wait = max(
            self._requests.wait(1.0, now),
            self._tokens.wait(tokens * self._token_share, now),
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
        self._requests.take(1.0, now)
        self._tokens.take(tokens * self._token_share, now)
        self._requests_so_far += 1
        self._tokens_so_far += tokens * self._token_share
        return Sent(now, tokens, self._requests_so_far, self._tokens_so_far)

    def report(self, sent: Sent, limits: RateLimits, now: float) -> None:
        """Take what the headers of the reply to a request report."""
        # The headers may be as old as the request: they know nothing of those sent after it.
        if _lasts(limits.requests, self._latency):
            self._requests.report(
                limits.requests, self._requests_so_far - sent.requests_so_far, now
            )
        if _lasts(limits.tokens, self._latency):
            self._tokens.report(limits.tokens, self._tokens_so_far - sent.tokens_so_far, now)

    def answered(self, sent: Sent, tokens: int | None, now: float) -> None:
        """Count an answer.

        Args:
            sent: The request.
            tokens: The tokens that it took, if known.
            now: The time.
        """
        self.in_flight -= 1
        self._latency += _WEIGHT * (now - sent.at - self._latency)
        if sent.at >= self._limit_at:
            self._in_row = 0
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
        if self._counts.admitted(max(self._resumes, sent.at - WINDOW_SECONDS), sent.at):
            self._in_row = 0
        is_fast = self._in_row == 0 and self._lower_rate(sent.at)
        self._rate_growth = CeilingGrowth(self._rate / RATE_SHARE, RATE_SHARE, _RATE_TO_TOP)
        if was_full and not is_fast and now - self._halved_at >= 1.0:
            self._halved_at = now
            self._window_growth = CeilingGrowth(self._window, WINDOW_SHARE, _WINDOW_TO_TOP)
            self._window = max(1.0, self._window * WINDOW_SHARE)
        if self._in_row == 0:
            self._dry_from = now
        self._limit_at = now
        self._resumes = now + (retry_after or self._pause())
        self._in_row = min(self._in_row + 1, 10)
        self._credit, self._credited_at = 1.0, self._resumes
        self._grown_at = self._window_grown_at = self._resumes
        self._is_full = self._is_fast = False

    def _pause(self) -> float:
        """Return the seconds to wait after a limit whose `retry-after` is unknown."""
        return min(_FIRST_PAUSE_SECONDS * math.pow(2.0, self._in_row), _MOST_PAUSE_SECONDS)

    def _lower_rate(self, at: float) -> bool:
        """Lower the rate to what was admitted before a limit; return True if it was in use.

        Args:
            at: When the request was sent that met the limit.
        """
        before, paused = self._rate, self._resumes - self._dry_from
        span = 1.0 if math.isinf(before) else max(1.0, _MEASURED_REQUESTS / before)
        is_long = paused > _LONG_PAUSE_SECONDS and at - self._resumes < paused
        if is_long:
            # What a long pause has let through belongs to the pause, too.
            span = max(span, at - self._dry_from)
        span = min(span, WINDOW_SECONDS)
        admitted = self._counts.admitted(at - span, at) / span
        self._rate = RATE_SHARE * admitted
        if math.isinf(before):
            self._rate = self._rate or 1.0
            return False
        if not is_long:
            # Soon after the last limit, the rate was too high whatever was admitted in a second.
            soon = at - self._resumes < _SOON_SECONDS
            self._rate = min(before * (_SOON_SHARE if soon else 1.0), max(self._rate, before / 2))
        self._rate = min(before, max(self._rate, _LEAST_RATE))
        return admitted >= _NEARLY * before

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
            # A window that is full at times, as answers come in waves, grows all the time.
            self._grow_window(min(now - self._window_grown_at, max(1.0, self._latency)))
            self._window_grown_at = now
        if self._is_fast and self._rate_growth is not None:
            self._is_fast = False
            # Slower where limits are known late.
            self._rate_growth.advance(min(seconds, 1.0) / (1.0 + self._latency / 4))
            self._rate = self._rate_growth.value

    def _grow_window(self, seconds: float) -> None:
        if self._window_growth is None:
            self._window_growth = CeilingGrowth(self._window, WINDOW_SHARE, _WINDOW_TO_TOP)
            self._window_growth.advance(_WINDOW_TO_TOP)
        self._window_growth.advance(seconds)
        grown = max(self._window + seconds, self._window_growth.value)
        self._window = min(self._most, grown, self._window * 2.0**seconds + seconds)

    def _add_credit(self, now: float) -> None:
        most = max(1.0, self._rate * _LATE_SECONDS)
        self._credit = min(most, self._credit + max(0.0, now - self._credited_at) * self._rate)
        self._credited_at = now


def _lasts(limit: RateLimit | None, latency: float) -> TypeGuard[RateLimit]:
    """Return True if a limit is reported that is not reset by the time at which it is known."""
    return limit is not None and limit.reset is not None and limit.reset >= latency
