"""What this process has told already, and does not tell again, whichever ring has come upon it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable

from llmring.routing.served import Served

_log = logging.getLogger("llmring")


@functools.cache
def served() -> Served:
    """What the process knows of the models that were served to it."""
    return Served()


@functools.cache
def _warned() -> set[str]:
    return set()


def forget() -> None:
    """Tell everything anew."""
    served.cache_clear()
    _warned.cache_clear()


def warn(key: str, message: Callable[[], str]) -> None:
    """Log a warning, unless one with this key has been logged.

    Args:
        key: What it is about.
        message: Gives its text.
    """
    if key not in _warned():
        _warned().add(key)
        _log.warning("%s", message())
