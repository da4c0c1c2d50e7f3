"""The call of one row: what is asked of the ring, and what comes of it."""

from __future__ import annotations

import time

from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.engine import row_result
from llmring.batch.engine.failure_kind import FailureKind, failure_kind
from llmring.batch.engine.row_queue import Work
from llmring.batch.engine.row_result import CallCost
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowRequest
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.response import LLMResponse
from llmring.exceptions import LLMRingError, RingClosedError
from llmring.routing.call_wishes import CallWishes


class CallResult(Struct):
    """The result of a call.

    Attributes:
        cost: What it has cost.
        outcome: The outcome of the row; None if the call has failed.
        error: Why the call has failed.
        kind: What the failure means.
        parsed: The answer in the type that was asked for.
    """

    cost: CallCost
    outcome: RowOutcome | None = None
    error: LLMRingError | None = None
    kind: FailureKind | None = None
    parsed: object = None


class RowCaller:
    """Calls models for rows.

    Args:
        calls: The calls of the ring.
        profile: The profile of the lockfile.
        wishes: The wishes of all calls.
        tags: The tags of the calls in the ledger.
        cache_system: True if the system prompt is marked for the provider's cache.
    """

    def __init__(
        self,
        calls: BatchCalls,
        profile: str | None,
        wishes: CallWishes,
        tags: dict[str, str],
        *,
        cache_system: bool = False,
    ) -> None:
        self._calls = calls
        self._profile = profile
        self._wishes = wishes
        self._tags = tags
        self._cache_system = cache_system

    async def call(self, work: Work) -> CallResult:
        """Call a model for a row.

        Raises:
            RingClosedError: The ring was closed.
        """
        request = work.request
        began = time.perf_counter()
        try:
            answer = await self._ask(request)
        except RingClosedError:
            raise
        except LLMRingError as error:
            work.attempts += row_result.requests_of(error)
            cost = row_result.cost_of_failure(error)
            work.cost = row_result.together(work.cost, cost)
            return CallResult(cost, None, error, failure_kind(error))
        ms = (time.perf_counter() - began) * 1000
        work.attempts += row_result.requests_of(answer)
        cost = row_result.cost_of(answer)
        total = work.cost = row_result.together(work.cost, cost)
        if isinstance(answer, EmbeddingResponse):
            outcome = row_result.embedded(request, answer, ms, work.attempts, total)
            return CallResult(cost, outcome)
        outcome = row_result.answered(request, answer, ms, work.attempts, total)
        return CallResult(cost, outcome, parsed=answer.parsed)

    async def _ask(self, row: RowRequest) -> LLMResponse | EmbeddingResponse:
        request = row.request
        if row.operation == "embeddings":
            return await self._calls.embed(
                request.model or "", row.texts, self._profile, self._wishes, row.dimensions
            )
        own = request.metadata or {}
        request.metadata = {**own, "tags": _tags(own.get("tags"), self._tags)}
        if self._cache_system:
            for each in request.turns():
                if each.role == "system":
                    each.metadata = {
                        "cache_control": {"type": "ephemeral"},
                        **(each.metadata or {}),
                    }
        return await self._calls.ask(request, self._profile, self._wishes)


def _tags(own: object, tags: dict[str, str]) -> object:
    """Return the tags of a call: those of the job, and the row's own."""
    match own:
        case None:
            return tags
        case dict():
            return {**own, **tags}
        case str():
            own = [own]
    texts = [f"{name}={value}" for name, value in tags.items()]
    return [*own, *texts] if isinstance(own, list | tuple) else tags
