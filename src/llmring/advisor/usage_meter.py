"""The cost of a conversation so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from llmring.chat.response import LLMResponse
from llmring.exceptions import ProviderError, SchemaValidationError
from llmring.registry.price import dollars


class UsageMeter:
    """The total cost of a conversation's calls, including failed ones."""

    def __init__(self) -> None:
        self._known = Decimal(0)
        self._unknown: dict[str, None] = {}

    @contextmanager
    def of_call(self) -> Iterator[None]:
        """Record the cost of a call that fails or is interrupted."""
        try:
            yield
        except ProviderError as error:
            for attempt in error.attempts:
                self._add(attempt.cost, attempt.cost_reason)
            raise
        except SchemaValidationError as error:
            self.of_answer(error.response)
            raise
        except BaseException:
            self._add(None, "an answer was stopped")
            raise

    def of_answer(self, answer: LLMResponse) -> None:
        """Record the cost of an answer."""
        self._add(answer.cost, answer.cost_reason or "an answer without a cost")

    def _add(self, cost: Decimal | None, reason: str | None) -> None:
        if cost is not None:
            self._known += cost
        elif reason is not None:
            self._unknown[reason] = None

    @property
    def total(self) -> Decimal | None:
        """The cost of all calls in USD; None if that of any call is unknown."""
        return None if self._unknown else self._known

    @property
    def unknown(self) -> str | None:
        """The reasons why costs are unknown, if any are."""
        return "; ".join(self._unknown) or None

    def __str__(self) -> str:
        if self._unknown:
            known = f"{dollars(self._known)} and more" if self._known else "unknown"
            return f"{known} ({self.unknown})"
        return dollars(self._known) if self._known else "nothing"
