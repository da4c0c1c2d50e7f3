"""The clock of a vendor's job, and how long the job waits between looks."""

from __future__ import annotations

import asyncio
from typing import Protocol

from llmring.clock import SYSTEM

FIRST_WAIT = 30.0
MOST_WAIT = 600.0
_GROWTH = 1.5


class VendorClock(Protocol):
    """A clock; tests turn their own."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of the system."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        return SYSTEM.time_ns() / 1e9

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def next_wait(before: float | None) -> float:
    """Return the seconds to wait for the next look, after those of the wait before it."""
    return FIRST_WAIT if before is None else min(before * _GROWTH, MOST_WAIT)
