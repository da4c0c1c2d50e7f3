"""The pauses between workers that end soon after their start, and the end of all attempts."""

from __future__ import annotations

# A worker that has run for this time has started well.
LASTING_SECONDS = 10.0
# Workers that have ended soon in a row, after which no more is started if none runs well.
MOST_DEATHS = 5

# Two at once may have had one cause that is over.
_WITHOUT_PAUSE = 2
_LONGEST_PAUSE_SECONDS = 10.0


class CrashLoop:
    """The workers in a row that have ended soon after their start."""

    def __init__(self) -> None:
        self._deaths = 0

    @property
    def is_hopeless(self) -> bool:
        """True after so many that another one would end as well."""
        return self._deaths >= MOST_DEATHS

    def last(self) -> None:
        """Count a worker that has started well."""
        self._deaths = 0

    def die(self, age: float) -> float:
        """Count the end of a worker; return the seconds until another one is to start.

        Args:
            age: The seconds for which it has run.
        """
        if age >= LASTING_SECONDS:
            return 0.0
        self._deaths += 1
        further = self._deaths - _WITHOUT_PAUSE
        return 0.0 if further <= 0 else min(2.0 ** (further - 1), _LONGEST_PAUSE_SECONDS)
