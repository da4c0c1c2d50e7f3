"""How fast models have answered of late."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable

from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.targets import Target

# What is older says little of today's speed; the model is then measured anew.
FRESH_SECONDS = 600.0
_MOST = 64
# The p95 of fewer would be no more than their slowest.
_LEAST_FOR_P95 = 20


class Speeds(CallObserver):
    """Times from sending to the first content, of the latest answers of each model.

    As an observer of a ring's calls it measures them.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._measured: dict[tuple[str, str], deque[tuple[float, float]]] = {}

    def on_first_content(self, attempt: ObservedAttempt) -> None:
        """Measure an attempt whose first content is here."""
        self.note(attempt.target, attempt.seconds)

    def note(self, target: Target, seconds: float) -> None:
        """Take note of an answer, whose first content came after so many seconds."""
        key = target.name, target.endpoint.base_url
        times = self._measured.get(key)
        if times is None:
            times = self._measured.setdefault(key, deque(maxlen=_MOST))
        times.append((self._clock(), seconds))

    def typical(self, target: Target) -> float | None:
        """The median in seconds; None for a model that has not answered of late."""
        times = self._fresh(target)
        return statistics.median(times) if times else None

    def p95(self, target: Target) -> float | None:
        """The seconds within which 95 of 100 answers came; None where there are too few to tell."""
        times = sorted(self._fresh(target))
        return times[len(times) * 95 // 100] if len(times) >= _LEAST_FOR_P95 else None

    def _fresh(self, target: Target) -> list[float]:
        since = self._clock() - FRESH_SECONDS
        # Another thread may add to the deque meanwhile; a copy of it is made in one step.
        times = self._measured[_key(target)].copy() if _key(target) in self._measured else ()
        return [seconds for when, seconds in times if when >= since]


def _key(target: Target) -> tuple[str, str]:
    return target.name, target.endpoint.base_url
