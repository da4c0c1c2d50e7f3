"""Warnings logged at most once per process."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable

from llmring.routing.served_models import ServedModels

# The key of the warning that calls go by llmring's own lockfile.
FALLBACK = "llmring's own lockfile"

_log = logging.getLogger("llmring")


@functools.cache
def served_models() -> ServedModels:
    """Return the process's record of served models."""
    return ServedModels()


@functools.cache
def _warned() -> set[str]:
    return set()


def forget() -> None:
    """Forget all warnings, so that they are logged again."""
    served_models.cache_clear()
    _warned.cache_clear()


def warn(key: str, message: Callable[[], str]) -> None:
    """Log a warning, unless one with this key has been logged.

    Args:
        key: Identifies the warning.
        message: Returns its text.
    """
    if key not in _warned():
        _warned().add(key)
        _log.warning("%s", message())


def skip(key: str) -> None:
    """Skip the warning with this key, as the user has been warned in another way."""
    _warned().add(key)
