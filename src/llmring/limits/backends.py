"""The choice between a ring's own state and one shared by a fleet: circuits and spending."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from llmring.routing.circuits import Health, Memory

if TYPE_CHECKING:
    from llmring.config.settings import Settings
    from llmring.limits.budgets import Spending


def health_of(settings: Settings) -> Health:
    """Return the circuit breakers of a ring's models.

    Raises:
        ConfigurationError: LLMRING_REDIS_URL can't be used, or its library is not installed.
    """
    memory = Memory(time.monotonic, random.random)
    if settings.redis_url is None:
        return memory
    from llmring.limits.redis_circuits import SharedHealth
    from llmring.limits.redis_connection import RedisLink

    return SharedHealth(RedisLink(settings.redis_url), memory)


def spending_of(settings: Settings, health: Health) -> Spending:
    """Return the counter of spending against daily budgets.

    Args:
        settings: Settings from the environment.
        health: The result of `health_of` for them; its connections are shared.
    """
    from llmring.limits.budgets import spending_in

    own = spending_in(settings.cache_dir)
    if isinstance(health, Memory):
        return own
    from llmring.limits.redis_budgets import SharedSpending
    from llmring.limits.redis_circuits import SharedHealth

    return SharedSpending(health.link, own) if isinstance(health, SharedHealth) else own
