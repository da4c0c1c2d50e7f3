"""Warnings logged at most once per process."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmring.routing.served_models import ServedModels

if TYPE_CHECKING:
    from llmring.lockfile.file import LockfileSource

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


def warn_of_fallback(source: LockfileSource, alias: str | None) -> None:
    """Warn that calls go by llmring's own lockfile, if they do.

    Args:
        source: The active lockfile.
        alias: The alias of a call; None for a call that names its model, which needs no lockfile,
            unless the user has one nearby.
    """
    if source.rule != "bundled":
        return
    from llmring.config.fallback_lockfile import fallback_warning, missed_lockfile

    if alias is not None or missed_lockfile(source) is not None:
        warn(FALLBACK, lambda: fallback_warning(source))


def skip(key: str) -> None:
    """Skip the warning with this key, as the user has been warned in another way."""
    _warned().add(key)
