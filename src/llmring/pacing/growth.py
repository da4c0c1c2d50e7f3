"""The growth of a ceiling after a limit was met: slow near the limit, faster further away."""

from __future__ import annotations

# As CUBIC, but relative to the ceiling, since a rate may be of any size.
# https://www.rfc-editor.org/rfc/rfc9438
_SECONDS_TO_TOP = 6.0
# From this share of the old limit on the limit is another one, and the ceiling doubles each second.
_ELSEWHERE = 1.25


class Growth:
    """The growth of a ceiling from a share of the last limit to the limit, and on.

    Args:
        top: The limit that was met.
        share: The share of it at which the growth begins.
    """

    def __init__(self, top: float, share: float) -> None:
        self._top = top
        self._cut = 1.0 - share
        self._seconds = 0.0
        self._doubling_from = _SECONDS_TO_TOP * (1 + ((_ELSEWHERE - 1) / self._cut) ** (1 / 3))

    def advance(self, seconds: float) -> None:
        """Let it grow for some seconds, in which the ceiling was in use."""
        self._seconds += seconds

    @property
    def value(self) -> float:
        """The ceiling now."""
        more = self._seconds - self._doubling_from
        if more > 0:
            doublings: float = 2.0 ** min(more, 60.0)
            return self._top * _ELSEWHERE * doublings
        away = (self._seconds - _SECONDS_TO_TOP) / _SECONDS_TO_TOP
        return self._top * (1.0 + self._cut * away**3)
