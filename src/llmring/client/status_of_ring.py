"""What a ring offers to those who watch over it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from llmring.client.pending import loop_is_running
from llmring.client.shared_state import spending_of
from llmring.client.status import PendingStatus, status_of

if TYPE_CHECKING:
    from llmring.client.aliases import Aliases
    from llmring.client.settings import Settings
    from llmring.client.spending import Spending
    from llmring.client.status import Status
    from llmring.routing.health import Health


class StatusOfRing:
    """The part of `LLMRing` that tells how it stands."""

    _aliases: Aliases
    _settings: Settings
    _health: Health

    @functools.cached_property
    def _spending(self) -> Spending:
        """What counts the spending against daily budgets."""
        return spending_of(self._settings, self._health)

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
