"""The wall clock and the calendar, read nowhere else in llmring."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

from msgspec import Struct


class Clock(Struct, frozen=True):
    """A wall clock, with a calendar that can be fixed.

    Timestamps, budgets and expiries follow `now`; prices and retirement dates follow `today`.

    Attributes:
        fixed: The date that `today` returns; None for the date of the system.
    """

    fixed: date | None = None

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def time_ns(self) -> int:
        """Return the nanoseconds since 1970."""
        return time.time_ns()

    def today(self) -> date:
        """Return the fixed date, or the local date of the system."""
        return self.fixed or date.today()


SYSTEM = Clock()
