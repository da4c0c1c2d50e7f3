"""Embedding texts: in batches of the size that the models take, all by one model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.events import Usage
from llmring.chat.response import Attempt
from llmring.client.executor import Executor
from llmring.client.operations.embedding_limits import RulesOfTexts, estimate_texts
from llmring.client.operations.shared_deadline import SharedDeadline
from llmring.client.replies.reply_reader import cost_of_call
from llmring.client.usage_totals import total_cost, total_usage
from llmring.dialects.reported_cost import ReportedCost, reported_cost
from llmring.exceptions import ProviderError, ProviderResponseError, UnsupportedFeatureError
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import ModelFacts
from llmring.routing.attempt import AttemptState
from llmring.routing.selection.embedding_targets import embed, embedding_of, in_one_space
from llmring.routing.targets import Skip, Target
from llmring.wire import HttpHead, is_success


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """The texts to embed, and how.

    Attributes:
        texts: The texts; at least one.
        dimensions: Length of each vector; None for the model's own.
        any_model: True if models of other names may take over.
    """

    texts: Sequence[str]
    dimensions: int | None = None
    any_model: bool = False


Facts = Callable[[ModelRef], ModelFacts | None]


class _Batch(Struct, frozen=True):
    """Result of one request."""

    vectors: list[list[float]]
    usage: Usage | None
    cost: Decimal | None
    cost_reason: str | None
    target: Target
    attempts: tuple[Attempt, ...]


async def embed_texts(
    executor: Executor,
    request: EmbeddingRequest,
    found: Resolved,
    candidates: Sequence[Target | Skip],
    shared_deadline: SharedDeadline,
    facts: Facts,
    rules_of: RulesOfTexts,
) -> EmbeddingResponse:
    """Return the vectors of these texts.

    Texts that are too many for one request are sent in several, one after the other. Once a model
    has answered, only targets with the same model name may take over from it.

    Args:
        executor: Sends requests.
        request: The texts to embed.
        found: The models of the alias.
        candidates: For each of its models, the target or the reason for skipping it.
        shared_deadline: Creates the failover of a request.
        facts: Looks up the facts about a model.
        rules_of: Returns the limits of a request for some of the texts.

    Raises:
        ProviderError: No model returned vectors for all texts.
        LimitExceededError: The call exceeds a limit.
    """
    if not request.any_model:
        candidates = in_one_space(found.models, candidates, facts)
    size = _most_texts(candidates) or len(request.texts)
    batches: list[_Batch] = []
    for start in range(0, len(request.texts), size):
        texts = request.texts[start : start + size]
        expected = len(batches[0].vectors[0]) if batches else request.dimensions
        failover = shared_deadline.failover(
            candidates,
            embed(texts, request.dimensions),
            found.alias,
            rules_of(texts),
            estimate_texts(texts).tokens if shared_deadline.has_patience else 0,
        )
        try:
            batch = await executor.send(failover, _batch_reader(len(texts), expected))
        except ProviderError as error:
            error.attempts = (*_attempts(batches), *error.attempts)
            raise
        batches.append(batch)
        candidates = _after(batch.target, candidates, facts)
    return _response(batches)


def _most_texts(candidates: Iterable[Target | Skip]) -> int | None:
    """Return how many texts every model takes at once; None if no model embeds."""
    sizes = []
    for candidate in candidates:
        if isinstance(candidate, Target):
            try:
                sizes.append(embedding_of(candidate).most_texts)
            except UnsupportedFeatureError:
                continue  # the failover reports it
    return min(sizes, default=None)


def _after(
    served: Target, candidates: Iterable[Target | Skip], facts: Facts
) -> list[Target | Skip]:
    """Return the models for the remaining texts: the one that answered, and its equals."""
    others = [each for each in candidates if isinstance(each, Target) and each is not served]
    rest = in_one_space([served.ref, *(each.ref for each in others)], [served, *others], facts)
    return [each for each in rest if isinstance(each, Target)]


def _batch_reader(
    count: int, dimensions: int | None
) -> Callable[[AttemptState, HttpHead, bytes], _Batch]:
    """Build a reader of an answer that must hold this many vectors of this length."""

    def settle(attempt: AttemptState, head: HttpHead, body: bytes) -> _Batch:
        target = attempt.target
        if not is_success(head):
            raise target.dialect.explain(head, body)
        vectors, usage = embedding_of(target).decode(head, body)
        _check(vectors, count, dimensions, head)
        attempt.record_usage(usage, _reported(target, head, body))
        attempts = attempt.succeed(head.status)
        return _Batch(vectors, usage, *cost_of_call(attempt, attempts), target, attempts)

    return settle


def _reported(target: Target, head: HttpHead, body: bytes) -> ReportedCost | None:
    """Return the cost that the server reports, if it is known to report any."""
    fields, costs = target.quirks.reports_cost, embedding_of(target).costs
    if not fields:
        return None
    return reported_cost(fields, None if costs is None else costs(head, body), head)


def _check(vectors: list[list[float]], count: int, dimensions: int | None, head: HttpHead) -> None:
    if len(vectors) != count:
        raise ProviderResponseError(
            f"the provider sent {len(vectors)} vectors for {count} texts", status=head.status
        )
    length = dimensions or len(vectors[0])
    for vector in vectors:
        if not vector or len(vector) != length:
            raise ProviderResponseError(
                f"the provider sent a vector of {len(vector)} dimensions instead of {length}",
                status=head.status,
            )


def _response(batches: Sequence[_Batch]) -> EmbeddingResponse:
    cost, reason = total_cost([(batch.cost, batch.cost_reason) for batch in batches], "batch")
    return EmbeddingResponse(
        vectors=[vector for batch in batches for vector in batch.vectors],
        model=str(batches[-1].target.ref),
        usage=total_usage(batch.usage for batch in batches),
        cost=cost,
        cost_reason=reason,
        attempts=_attempts(batches),
    )


def _attempts(batches: Iterable[_Batch]) -> tuple[Attempt, ...]:
    return tuple(attempt for batch in batches for attempt in batch.attempts)
