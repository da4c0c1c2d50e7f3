"""Counting the tokens of a request: by the provider that would serve it, or by an estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.token_count import TokenCount, estimated
from llmring.client.executor import Executor
from llmring.client.operations.shared_deadline import SharedDeadline
from llmring.dialects.dialect import Counting, Dialect
from llmring.exceptions import ProviderError
from llmring.lockfile.compose import Resolved
from llmring.routing.attempt import AttemptState
from llmring.routing.selection.fit import fit
from llmring.routing.selection.own_parts import for_api
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target
from llmring.wire import HttpHead, is_success

# Prepares a request whose files are in its messages.
Enclose = Callable[
    [ParsedRequest, Callable[[ParsedRequest], Callable[[Target], Prepared]]],
    Callable[[Target], Prepared],
]


class _Counter(Struct, frozen=True):
    """A provider's way of counting, and the API that has it."""

    counting: Counting
    dialect: Dialect


async def count_tokens(
    executor: Executor,
    request: ParsedRequest,
    found: Resolved,
    candidates: Sequence[Target | Skip],
    shared_deadline: SharedDeadline,
    enclose: Enclose,
) -> TokenCount:
    """Return the tokens of a request for the first usable model.

    Args:
        executor: Sends requests.
        request: The request to count.
        found: The models of the alias.
        candidates: For each of its models, the target or the reason for skipping it.
        shared_deadline: Creates the failover of a request.
        enclose: Puts the files of a request into its messages.
    """
    usable = [candidate for candidate in candidates if isinstance(candidate, Target)]
    if not usable:
        [*_, last] = (each.error.message for each in candidates if isinstance(each, Skip))
        return estimated(request, str(found.models[0]), last)
    target = usable[0]
    counter = _counter(target)
    if counter is None:
        why = f"{target.ref.provider} can't count tokens"
        return estimated(request, str(target.ref), why)
    failover = shared_deadline.failover(
        [target], enclose(request, lambda whole: _counting_request(whole, counter))
    )
    try:
        tokens = await executor.send(failover, lambda *answer: _settle(counter, *answer))
    except ProviderError as error:
        return estimated(request, str(target.ref), error.message)
    return TokenCount(
        tokens=tokens, exact=True, method=counter.counting.name, model=str(target.ref)
    )


def _counter(target: Target) -> _Counter | None:
    # OpenAI counts in only one of its APIs; a model reads the same in both.
    for dialect in (target.dialect, *target.endpoint.provider.dialects):
        if dialect.counting is not None:
            return _Counter(dialect.counting, dialect)
    return None


def _counting_request(request: ParsedRequest, counter: _Counter) -> Callable[[Target], Prepared]:
    def prepare(target: Target) -> Prepared:
        # Stop texts are not part of the input, and some counting APIs refuse them.
        taken, _ = for_api(request, counter.dialect, target.quirks)
        fitted = replace(fit(taken, target).request, stops=())
        outgoing = counter.counting.encode(fitted, target.ref.model, target.quirks)
        return Prepared(target.endpoint.request(outgoing, counter.dialect))

    return prepare


def _settle(counter: _Counter, attempt: AttemptState, head: HttpHead, body: bytes) -> int:
    if not is_success(head):
        raise counter.dialect.explain(head, body)
    tokens = counter.counting.decode(head, body)
    attempt.succeed(head.status)
    return tokens
