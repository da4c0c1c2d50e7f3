"""The part of a ring that reports its status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.bridge.pending import loop_is_running
from llmring.client.ring_core import RingCore
from llmring.client.status import PendingStatus, status_of

if TYPE_CHECKING:
    from llmring.client.status import Status


class RingStatus(RingCore):
    """The method of `LLMRing` that reports its status."""

    def status(self, profile: str | None = None) -> PendingStatus:
        """Return the ring's status: lockfile, providers, circuit breakers, today's spending.

        Awaited or read like `chat`. No model is called, and no key is included.

        Args:
            profile: The profile; by default the active one.

        Raises:
            ConfigurationError: The profile does not exist.
        """

        async def look() -> Status:
            now = self._settings.clock.now()
            return await status_of(
                self._active_lockfile, profile, self._circuits, lambda: self._leases, now
            )

        pending = PendingStatus(look)
        if not loop_is_running():
            pending.result()
        return pending
