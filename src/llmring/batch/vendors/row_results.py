"""The outcome of a row, from the result that a vendor's batch brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.outcome import RowOutcome
from llmring.batch.vendors.part_files import RowMark
from llmring.chat.events import Usage
from llmring.chat.request import LLMRequest
from llmring.dialects.batches.batch_api import LineResult
from llmring.exceptions import LLMRingError, ProviderError, SchemaValidationError
from llmring.plain_data import plain
from llmring.redaction import MASK, redact
from llmring.registry.batch_rates import BATCH_TIER, is_batch
from llmring.routing.failure_policy import is_passing
from llmring.routing.selection.embedding_targets import embedding_of
from llmring.routing.settled_cost import settled_cost
from llmring.routing.targets import Target
from llmring.wire import HttpHead

# Why a row has no answer, in the place of the class of an error.
MISSING = "missing"
EXPIRED = "expired"
CANCELLED = "cancelled"

REFUSED = "refused"

_REASONS = {
    MISSING: "the vendor's results have no answer to it, or more than one",
    EXPIRED: "the vendor did not get to it in time",
    REFUSED: "the vendor refused the whole batch",
    CANCELLED: "the batch was cancelled before it was asked",
}


class ResultReader:
    """Reads the results of rows.

    Args:
        calls: The ring.
        target: The model that was asked.
        request_of: Returns the request of the row at a place of the input, for the form of its
            answer.
    """

    def __init__(
        self, calls: BatchCalls, target: Target, request_of: Callable[[int], LLMRequest]
    ) -> None:
        self._calls = calls
        self._target = target
        self._request_of = request_of

    def of_api(self, dialect: str) -> ResultReader:
        """Return a reader of replies in this API, one of the provider's."""
        provider = self._target.endpoint.provider
        named = next((each for each in provider.dialects if each.name == dialect), None)
        target = Target(
            self._target.ref,
            self._target.endpoint,
            named or self._target.dialect,
            self._target.facts,
        )
        return ResultReader(self._calls, target, self._request_of)

    def outcome(self, mark: RowMark, result: LineResult, batch: str) -> RowOutcome:
        """Return the outcome of a row.

        Args:
            mark: The row.
            result: Its result.
            batch: The ID of the batch.

        Raises:
            ConfigurationError: The input has changed.
        """
        if result.end in ("expired", "cancelled"):
            return unanswered(mark, result.end, self._target.name, batch, self._words(result))
        request = None if mark.texts else self._request_of(mark.form)
        try:
            return self._answer(mark, request, result, batch)
        except SchemaValidationError as error:
            return self._misfit(mark, error, batch)
        except LLMRingError as error:
            outcome = self._failure(mark, error, batch)
        if result.end == "answered":
            # The vendor has charged for it.
            reason = "the answer could not be read"
            return msgspec.structs.replace(outcome, cost=None, cost_reason=reason)
        return outcome

    def _answer(
        self, mark: RowMark, request: LLMRequest | None, result: LineResult, batch: str
    ) -> RowOutcome:
        if result.status is None:
            words = self._words(result) or "the vendor gave no reason"
            raise ProviderError(f"an error instead of an answer: {words}", code=result.code)
        head = HttpHead(result.status, {"content-type": "application/json"})
        body = self._target.masked(result.body)
        if request is None:
            return self._vectors(mark, head, body, batch)
        answer = self._calls.read(request, self._target, head, body)
        cost, reason = cost_in_batch(answer.usage, self._target, self._calls.today())
        return msgspec.structs.replace(
            self._outcome(mark, batch, "ok", answer.usage, cost, reason),
            text=answer.content,
            parsed=plain(answer.parsed),
            served_model=answer.served_model,
            finish_reason=answer.finish_reason,
        )

    def _vectors(self, mark: RowMark, head: HttpHead, body: bytes, batch: str) -> RowOutcome:
        if not 200 <= head.status < 300:
            raise self._target.dialect.explain(head, body)
        vectors, usage = embedding_of(self._target).decode(head, body)
        if len(vectors) != mark.texts:
            raise ProviderError(f"{len(vectors)} vectors for {mark.texts} texts")
        cost, reason = cost_in_batch(usage, self._target, self._calls.today())
        return msgspec.structs.replace(
            self._outcome(mark, batch, "ok", usage, cost, reason), vectors=vectors
        )

    def _misfit(self, mark: RowMark, error: SchemaValidationError, batch: str) -> RowOutcome:
        answer = error.response
        cost, reason = cost_in_batch(answer.usage, self._target, self._calls.today())
        return msgspec.structs.replace(
            self._outcome(mark, batch, "failed", answer.usage, cost, reason),
            text=answer.content,
            served_model=answer.served_model,
            finish_reason=answer.finish_reason,
            error=redact(str(error)),
            error_class=type(error).__name__,
        )

    def _failure(self, mark: RowMark, error: LLMRingError, batch: str) -> RowOutcome:
        return msgspec.structs.replace(
            self._outcome(mark, batch, "failed", None, Decimal(0), None),
            error=redact(self._target.secrets.sub(MASK, str(error))),
            error_class=type(error).__name__,
            http_status=error.status if isinstance(error, ProviderError) else None,
            passing=isinstance(error, ProviderError) and is_passing(error),
        )

    def _outcome(
        self,
        mark: RowMark,
        batch: str,
        status: Literal["ok", "failed"],
        usage: Usage | None,
        cost: Decimal | None,
        reason: str | None,
    ) -> RowOutcome:
        return RowOutcome(
            id=mark.id,
            ordinal=mark.ordinal,
            digest=mark.digest,
            status=status,
            model=self._target.name,
            tokens_in=None if usage is None else usage.prompt_tokens,
            tokens_out=None if usage is None else usage.completion_tokens,
            tokens_cached=0 if usage is None else usage.cached_tokens,
            cost=cost,
            cost_reason=reason,
            attempts=1,
            vendor_batch=batch,
        )

    def _words(self, result: LineResult) -> str | None:
        return redact(result.message) if result.message else result.code


def unanswered(
    mark: RowMark, why: str, model: str, batch: str | None, words: str | None = None
) -> RowOutcome:
    """Return the outcome of a row without an answer, which may be asked again."""
    reason = _REASONS[why]
    return RowOutcome(
        id=mark.id,
        ordinal=mark.ordinal,
        digest=mark.digest,
        status="failed",
        error=f"{reason} ({words})" if words else reason,
        error_class=why,
        passing=True,
        model=model,
        cost=Decimal(0),
        attempts=1,
        vendor_batch=batch,
    )


def cost_in_batch(
    usage: Usage | None, target: Target, day: date
) -> tuple[Decimal | None, str | None]:
    """Return the cost of an answer at the vendor's batch rate, or why it is unknown."""
    if usage is not None and not is_batch(usage.service_tier or ""):
        tiers = [each for each in (BATCH_TIER, usage.service_tier) if each]
        usage = msgspec.structs.replace(usage, service_tier=", ".join(tiers))
    settled = settled_cost(usage, target.facts, day, None)
    cost = None if settled.cost is None else settled.cost.total
    return cost, settled.reason
