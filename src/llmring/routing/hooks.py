"""What an application has told about its calls as they go."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from llmring.chat.response import Attempt
from llmring.exceptions import ProviderError

log = logging.getLogger("llmring")

OnAttempt = Callable[[Attempt], None]
OnFailover = Callable[[str, str, ProviderError], None]


class Hooks(Struct, frozen=True):
    """The application's functions; what they raise is logged, and costs no call its answer.

    Attributes:
        on_attempt: Told of each attempt as soon as its outcome is known.
        on_failover: Told when another model takes over from one that has failed: the reference
            of that one, of the one that is asked now, and the failure.
    """

    on_attempt: OnAttempt | None = None
    on_failover: OnFailover | None = None

    def attempt(self, attempt: Attempt) -> None:
        """Tell of an attempt."""
        if self.on_attempt is not None:
            _tell("on_attempt", self.on_attempt, attempt)

    def failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Tell that another model takes over.

        Args:
            failed: The reference of the model that has failed.
            successor: The reference of the one that is asked now.
            error: The failure.
        """
        if self.on_failover is not None:
            _tell("on_failover", self.on_failover, failed, successor, error)


def _tell(name: str, hook: Callable[..., None], *what: Any) -> None:
    try:
        hook(*what)
    except Exception:  # the application's own
        log.exception("%s raised an exception; the call goes on", name)
