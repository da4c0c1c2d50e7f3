"""The outcome of a row, made of its answer or of its failure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from llmring.batch.engine.failure_kind import failures_of
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem, RowRequest
from llmring.chat.cost import EXACT
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse
from llmring.exceptions import LLMRingError, ProviderError, SchemaValidationError, ValidationError
from llmring.plain_data import plain
from llmring.routing.failure_policy import is_passing


class CallCost(Struct, frozen=True):
    """The cost of a call: USD, or None if that is unknown, or if nothing was charged.

    Attributes:
        usd: The amount.
        reason: Why it is unknown or not exact.
    """

    usd: Decimal | None = None
    reason: str | None = None

    @property
    def is_unknown(self) -> bool:
        """True if something was charged, but not how much is known."""
        return self.usd is None and self.reason is not None


NOTHING = CallCost()


def cost_of(answer: LLMResponse | EmbeddingResponse) -> CallCost:
    """Return what an answered call has cost."""
    # Without its parts: a plain decimal.
    usd = answer.cost
    return CallCost(None if usd is None else Decimal(usd), answer.cost_reason)


def cost_of_failure(error: LLMRingError) -> CallCost:
    """Return what a failed call has cost."""
    if isinstance(error, SchemaValidationError):
        return cost_of(error.response)
    known = Decimal(0)
    charged = False
    for each in _attempts(error):
        if each.cost is None and each.cost_reason is not None:
            return CallCost(None, each.cost_reason)
        if each.cost is not None:
            known, charged = EXACT.add(known, each.cost), True
    return CallCost(known) if charged else NOTHING


def together(first: CallCost, second: CallCost) -> CallCost:
    """Return the cost of two calls: what is known of it, with why the rest is not."""
    reason = first.reason or second.reason
    if first.usd is None or second.usd is None:
        return CallCost(second.usd if first.usd is None else first.usd, reason)
    return CallCost(EXACT.add(first.usd, second.usd), reason)


def answered(
    request: RowRequest, response: LLMResponse, ms: float, attempts: int, cost: CallCost
) -> RowOutcome:
    """Return the outcome of a row with an answer.

    Args:
        request: The row's request.
        response: The answer.
        ms: Milliseconds of the call that answered, if its attempt has none.
        attempts: The requests sent for the row.
        cost: What the row has cost in all.
    """
    usage = response.usage
    row = request.row
    return RowOutcome(
        id=row.id,
        ordinal=row.ordinal,
        digest=request.digest,
        status="ok",
        text=response.content,
        parsed=plain(response.parsed) if response.parsed is not None else None,
        model=response.model,
        served_model=response.served_model,
        finish_reason=response.finish_reason,
        tokens_in=usage.prompt_tokens if usage is not None else None,
        tokens_out=usage.completion_tokens if usage is not None else None,
        tokens_cached=_cached(usage),
        cost=cost.usd,
        cost_reason=cost.reason,
        attempts=attempts,
        ms=_ms(response.attempts, ms),
    )


def embedded(
    request: RowRequest, response: EmbeddingResponse, ms: float, attempts: int, cost: CallCost
) -> RowOutcome:
    """Return the outcome of a row with embeddings; arguments as for `answered`."""
    usage = response.usage
    return RowOutcome(
        id=request.row.id,
        ordinal=request.row.ordinal,
        digest=request.digest,
        status="ok",
        vectors=response.vectors,
        model=response.model,
        tokens_in=usage.prompt_tokens if usage is not None else None,
        tokens_out=0 if usage is not None else None,
        cost=cost.usd,
        cost_reason=cost.reason,
        attempts=attempts,
        ms=_ms(response.attempts, ms),
    )


def failed(request: RowRequest, error: LLMRingError, attempts: int, cost: CallCost) -> RowOutcome:
    """Return the outcome of a row that has failed; arguments as for `answered`."""
    row = request.row
    response = error.response if isinstance(error, SchemaValidationError) else None
    usage = response.usage if response is not None else None
    errors = failures_of(error) if isinstance(error, ProviderError) else []
    return RowOutcome(
        id=row.id,
        ordinal=row.ordinal,
        digest=request.digest,
        status="failed",
        text=response.content if response is not None else None,
        error=str(error),
        error_class=_class_of(error, errors),
        http_status=_status_of(error, errors),
        passing=any(map(is_passing, errors)),
        model=response.model if response is not None else None,
        served_model=response.served_model if response is not None else None,
        finish_reason=response.finish_reason if response is not None else None,
        tokens_in=usage.prompt_tokens if usage is not None else None,
        tokens_out=usage.completion_tokens if usage is not None else None,
        tokens_cached=_cached(usage),
        cost=cost.usd,
        cost_reason=cost.reason,
        attempts=attempts,
    )


def refused(problem: RowProblem) -> RowOutcome:
    """Return the outcome of a row that can't be asked."""
    return RowOutcome(
        id=problem.row.id,
        ordinal=problem.row.ordinal,
        digest=problem.digest,
        status="failed",
        error=problem.reason,
        error_class=ValidationError.__name__,
    )


def requests_of(answer: LLMResponse | EmbeddingResponse | LLMRingError) -> int:
    """Return how many requests a call has sent."""
    attempts = answer.attempts if not isinstance(answer, LLMRingError) else _attempts(answer)
    if len(attempts) == 1:
        return int(attempts[0].outcome != "skipped")
    return sum(each.outcome != "skipped" for each in attempts)


def _attempts(error: LLMRingError) -> Sequence[Attempt]:
    if isinstance(error, SchemaValidationError):
        return error.response.attempts
    found: Sequence[Attempt] = getattr(error, "attempts", ())
    return found


def _class_of(error: LLMRingError, errors: Sequence[ProviderError]) -> str:
    """Return the name of the error's class: of the last model's failure, if several have failed."""
    return type(errors[-1] if errors else error).__name__


def _status_of(error: LLMRingError, errors: Sequence[ProviderError]) -> int | None:
    if errors:
        return errors[-1].status
    status: Any = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _cached(usage: Usage | None) -> int:
    return (usage.cached_tokens or 0) if usage is not None else 0


def _ms(attempts: Sequence[Attempt], ms: float) -> float:
    return attempts[-1].ms if attempts else ms
