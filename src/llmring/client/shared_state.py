"""Where a ring keeps what it learns of its models: in itself, or with a fleet."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from llmring.routing.health import Health, Memory

if TYPE_CHECKING:
    from llmring.client.settings import Settings
    from llmring.client.spending import Spending


def health_of(settings: Settings) -> Health:
    """What remembers the failures of a ring's models.

    Raises:
        ConfigurationError: LLMRING_REDIS_URL can't be used, or its library is not installed.
    """
    memory = Memory(time.monotonic, random.random)
    if settings.redis_url is None:
        return memory
    from llmring.client.redis_link import RedisLink
    from llmring.client.shared_health import SharedHealth

    return SharedHealth(RedisLink(settings.redis_url), memory)


def spending_of(settings: Settings, health: Health) -> Spending:
    """What counts the spending against daily budgets.

    Args:
        settings: What the environment says.
        health: What `health_of` gave for them, whose connections serve for this too.
    """
    from llmring.client.spending import spending_in

    own = spending_in(settings.cache_dir)
    if isinstance(health, Memory):
        return own
    from llmring.client.shared_health import SharedHealth
    from llmring.client.shared_spending import SharedSpending

    return SharedSpending(health.link, own) if isinstance(health, SharedHealth) else own
