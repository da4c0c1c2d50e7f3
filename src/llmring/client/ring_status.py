"""What a ring offers to those who watch over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.bridge.pending import loop_is_running
from llmring.client.ring_core import RingCore
from llmring.client.status import PendingStatus, status_of

if TYPE_CHECKING:
    from llmring.client.status import Status


class StatusOfRing(RingCore):
    """The part of `LLMRing` that reports its state."""

    def status(self, profile: str | None = None) -> PendingStatus:
        """How the ring stands: its lockfile, providers, circuits, and what is spent today.

        Awaited or read like `chat`. No model is asked, and no value of a key is told.

        Args:
            profile: The profile; left out, the one in force.
        """

        async def look() -> Status:
            now = self._settings.clock.now()
            return await status_of(
                self._aliases, profile, self._health, lambda: self._spending, now
            )

        pending = PendingStatus(look)
        if not loop_is_running():
            pending.result()
        return pending
