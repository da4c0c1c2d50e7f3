"""The application's own functions, called as its calls go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from llmring.chat.response import Attempt
from llmring.exceptions import ProviderError
from llmring.routing.watch import CallObserver

log = logging.getLogger("llmring")

OnAttempt = Callable[[Attempt], None]
OnFailover = Callable[[str, str, ProviderError], None]


class AttemptHook(CallObserver):
    """Calls the application's `on_attempt`; an exception of it is logged, and the call goes on.

    Args:
        hook: The application's function.
    """

    def __init__(self, hook: OnAttempt) -> None:
        self._hook = hook

    def on_attempt_outcome(self, attempt: Attempt) -> None:
        """Pass an attempt on, as soon as its outcome is known."""
        _call("on_attempt", self._hook, attempt)


class FailoverHook(CallObserver):
    """Calls the application's `on_failover`; an exception of it is logged, and the call goes on.

    Args:
        hook: The application's function.
    """

    def __init__(self, hook: OnFailover) -> None:
        self._hook = hook

    def on_failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Pass on that another model takes over.

        Args:
            failed: The reference of the model that has failed.
            successor: The reference of the one that is asked now.
            error: The failure.
        """
        _call("on_failover", self._hook, failed, successor, error)


def hooks_of(
    on_attempt: OnAttempt | None, on_failover: OnFailover | None
) -> Sequence[CallObserver]:
    """Return the observers that call these functions of the application."""
    hooks: list[CallObserver] = []
    if on_attempt is not None:
        hooks.append(AttemptHook(on_attempt))
    if on_failover is not None:
        hooks.append(FailoverHook(on_failover))
    return hooks


def _call(name: str, hook: Callable[..., None], *what: Any) -> None:
    try:
        hook(*what)
    except Exception:  # the application's own
        log.exception("%s raised an exception; the call goes on", name)
