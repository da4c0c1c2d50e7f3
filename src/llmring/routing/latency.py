"""Recent times to first content, per model."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable

from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.targets import Target

# Older measurements are ignored, and the model is measured again.
FRESH_SECONDS = 600.0
_MOST = 64
# The p95 of fewer would only be the slowest of them.
_LEAST_FOR_P95 = 20


class Latencies(CallObserver):
    """The times from sending to the first content of each model's latest answers.

    It is an observer, which measures the calls of its ring.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._measured: dict[tuple[str, str], deque[tuple[float, float]]] = {}

    def on_first_content(self, attempt: ObservedAttempt) -> None:
        """Measure an attempt whose first content has arrived."""
        self.note(attempt.target, attempt.seconds)

    def note(self, target: Target, seconds: float) -> None:
        """Record an answer whose first content came after so many seconds."""
        key = target.name, target.endpoint.base_url
        times = self._measured.get(key)
        if times is None:
            times = self._measured.setdefault(key, deque(maxlen=_MOST))
        times.append((self._clock(), seconds))

    def typical(self, target: Target) -> float | None:
        """Return the median in seconds; None for a model that has not answered recently."""
        times = self._fresh(target)
        return statistics.median(times) if times else None

    def p95(self, target: Target) -> float | None:
        """Return the 95th percentile in seconds; None if there are too few recent answers."""
        times = sorted(self._fresh(target))
        return times[len(times) * 95 // 100] if len(times) >= _LEAST_FOR_P95 else None

    def _fresh(self, target: Target) -> list[float]:
        since = self._clock() - FRESH_SECONDS
        # Another thread may add to the deque meanwhile; copying it is atomic.
        times = self._measured[_key(target)].copy() if _key(target) in self._measured else ()
        return [seconds for when, seconds in times if when >= since]


def _key(target: Target) -> tuple[str, str]:
    return target.name, target.endpoint.base_url
