"""The choice between a ring's own state and one shared by a fleet: circuits and limits."""

from __future__ import annotations

import atexit
import os
import random
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.routing.circuits import Circuits, LocalCircuits

if TYPE_CHECKING:
    from llmring.config.settings import Settings
    from llmring.limits.lease_broker import LeaseBroker


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


# By process, as a forked child has leases of its own. Shared by all rings of the application.
_brokers: dict[tuple[int, str | None, Path], LeaseBroker] = {}
_lock = threading.Lock()


def leases_for(settings: Settings) -> LeaseBroker:
    """Return the leases of this process, with which its calls keep to their limits.

    Args:
        settings: Settings from the environment.

    Raises:
        ConfigurationError: LLMRING_REDIS_URL can't be used, or its library is not installed.
    """
    place = os.getpid(), settings.redis_url, settings.cache_dir
    return _brokers.get(place) or _made(place)


def _made(place: tuple[int, str | None, Path]) -> LeaseBroker:
    from llmring.limits.lease_broker import LeaseBroker
    from llmring.limits.machine_counts import MachineCounts

    _, url, folder = place
    with _lock:
        if place in _brokers:
            return _brokers[place]
        own = MachineCounts(folder / "spending.db")
        if url is None:
            broker = LeaseBroker(own)
        else:
            from llmring.limits.redis_counts import RedisCounts

            shared = RedisCounts(url, own.machine)
            broker = LeaseBroker(own, shared, f"Redis at {shared.place}")
        if not _brokers:
            atexit.register(_close_all)
        _brokers[place] = broker
        return broker


def _close_all() -> None:
    for (process, *_), broker in list(_brokers.items()):
        if process == os.getpid():
            broker.close()
