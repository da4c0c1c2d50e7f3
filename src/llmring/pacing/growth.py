"""The growth of a ceiling after a limit was met: slow near the limit, faster further away."""

from __future__ import annotations

import math

# As CUBIC, but relative to the ceiling, since a rate may be of any size.
# https://www.rfc-editor.org/rfc/rfc9438
# From this share of the old limit on the limit is another one, and the ceiling doubles each second.
_ELSEWHERE = 1.25


class CeilingGrowth:
    """The growth of a ceiling from a share of the last limit to the limit, and on.

    Args:
        top: The limit that was met.
        share: The share of it at which the growth begins.
        to_top: Seconds until it is at the limit again.
    """

    def __init__(self, top: float, share: float, to_top: float) -> None:
        self._top = top
        self._cut = 1.0 - share
        self._to_top = to_top
        self._seconds = 0.0
        self._doubling_from = to_top * (1 + math.cbrt((_ELSEWHERE - 1) / self._cut))

    def advance(self, seconds: float) -> None:
        """Let it grow for some seconds, in which the ceiling was in use."""
        self._seconds += seconds

    @property
    def value(self) -> float:
        """The ceiling now."""
        more = self._seconds - self._doubling_from
        if more > 0:
            return self._top * _ELSEWHERE * math.pow(2.0, min(more, 60.0))
        away = (self._seconds - self._to_top) / self._to_top
        return self._top * (1.0 + self._cut * away**3)
