"""Counts of the requests that a model has admitted in the last minute."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 60.0
# Counts are kept for spans of this length, so that memory does not grow with the rate.
_SPAN_SECONDS = 0.02


class SentCounts:
    """The requests sent in the last minute, without those that met a limit."""

    def __init__(self) -> None:
        # Pairs of the number of a span and its count, in order.
        self._spans: deque[list[int]] = deque()

    def sent(self, at: float) -> None:
        """Count a request that is sent at this time; times never decrease."""
        span = _span(at)
        if self._spans and self._spans[-1][0] >= span:
            self._spans[-1][1] += 1
            return
        self._spans.append([span, 1])
        oldest = _span(at - WINDOW_SECONDS)
        while self._spans[0][0] < oldest:
            self._spans.popleft()

    def met_limit(self, at: float) -> None:
        """Take a request that was sent at this time out of the count."""
        span = _span(at)
        for each in reversed(self._spans):
            if each[0] <= span:
                if each[0] == span and each[1] > 0:
                    each[1] -= 1
                return

    def admitted(self, since: float, until: float) -> int:
        """Return how many requests were sent after one time, up to another."""
        first, last = _span(since), _span(until)
        total = 0
        for span, count in reversed(self._spans):
            if span <= first:
                break
            if span <= last:
                total += count
        return total


def _span(at: float) -> int:
    return int(at // _SPAN_SECONDS)
