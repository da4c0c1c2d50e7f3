"""The choice between a ring's own state and one shared by a fleet: circuits and spending."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from llmring.routing.circuits import Circuits, LocalCircuits

if TYPE_CHECKING:
    from llmring.config.settings import Settings
    from llmring.limits.budgets import Spending


def circuits_for(settings: Settings) -> Circuits:
    """Return the circuit breakers of a ring's models.

    Raises:
        ConfigurationError: LLMRING_REDIS_URL can't be used, or its library is not installed.
    """
    local = LocalCircuits(time.monotonic, random.random)
    if settings.redis_url is None:
        return local
    from llmring.limits.redis_circuits import SharedCircuits
    from llmring.limits.redis_connection import RedisLink

    return SharedCircuits(RedisLink(settings.redis_url), local)


def spending_for(settings: Settings, circuits: Circuits) -> Spending:
    """Return the counter of spending against daily budgets.

    Args:
        settings: Settings from the environment.
        circuits: The result of `circuits_for` for them; its connections are shared.
    """
    from llmring.limits.budgets import spending_in

    own = spending_in(settings.cache_dir)
    if isinstance(circuits, LocalCircuits):
        return own
    from llmring.limits.redis_budgets import SharedSpending
    from llmring.limits.redis_circuits import SharedCircuits

    return SharedSpending(circuits.link, own) if isinstance(circuits, SharedCircuits) else own
