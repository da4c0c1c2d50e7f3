"""The end of a call: all that is known about it, in one record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import amount_of
from llmring.chat.events import Usage
from llmring.chat.response import Attempt
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import LimitExceededError, ModelNotFoundError, ValidationError
from llmring.gateway.callers.client_program import client_program
from llmring.gateway.refusals import RefusedCallError
from llmring.gateway.watching.finished_call import CallOutcome, FinishedAttempt, FinishedCall
from llmring.gateway.watching.reasons import limit_of, reason_of, skip_reason
from llmring.gateway.watching.running_call import RunningCall
from llmring.lockfile.pins import plain_amount

# Errors for which no model has been asked.
_REFUSALS = (
    RefusedCallError,
    RequestFormatError,
    ValidationError,
    LimitExceededError,
    ModelNotFoundError,
)


class CallEnd(Struct, frozen=True, kw_only=True):
    """The end of a call, as its server knows it.

    Attributes:
        at: The time, by the counter for performance.
        request_id: The ID of the request.
        wire: The API of the client.
        user_agent: The header of this name; empty without one.
        status: The status that the client got; None if it was gone before.
        failure: The error of the call, if there is one.
        is_gone: True if the client has left before the end.
    """

    at: float
    request_id: str
    wire: str
    user_agent: str = ""
    status: int | None = None
    failure: BaseException | None = None
    is_gone: bool = False


def finished_call(call: RunningCall, end: CallEnd) -> FinishedCall:
    """Return the record of a call.

    Args:
        call: The facts that have become known while it ran.
        end: Its end.
    """
    failure = end.failure or call.failure
    answer, caller = call.answer, call.caller
    outcome = _outcome(call, end, failure)
    if answer is None:
        usage, cost, is_whole = _used(call.attempts)
    else:
        usage, cost = answer.usage, amount_of(answer)
        is_whole = cost is not None
    unknown = None
    if not is_whole:
        unknown = "cancelled" if end.is_gone else "no_usage" if usage is None else "no_price"
    headers = call.headers
    return FinishedCall(
        time=datetime.fromtimestamp(call.at / 1e9, UTC),
        id=end.request_id,
        wire=end.wire,
        operation=call.operation,
        route=call.route,
        outcome=outcome,
        status=end.status,
        error=None if failure is None or outcome == "cancelled" else type(failure).__name__,
        limit=limit_of(failure),
        ms=_ms(end.at - call.began),
        first_ms=_ms(call.first - call.began) if call.first else None,
        overhead_ms=_overhead(call, end.at),
        key=caller.key,
        team=caller.team,
        client=client_program(end.user_agent),
        alias=call.alias,
        profile=call.profile,
        model=_model(call) if outcome == "ok" else None,
        input_tokens=None if usage is None else usage.prompt_tokens,
        output_tokens=None if usage is None else usage.completion_tokens,
        cached_tokens=None if usage is None else usage.cached_tokens,
        cache_write_tokens=None if usage is None else usage.cache_write_tokens,
        cost=None if cost is None else plain_amount(cost),
        cost_unknown=unknown,
        attempts=tuple([_attempt(each, call) for each in call.attempts]),
        failovers=tuple(call.failovers),
        relay=headers.get("x-llmring-relay"),
        cache=headers.get("x-llmring-cache"),
        lock=headers.get("x-llmring-lock"),
    )


def _outcome(call: RunningCall, end: CallEnd, failure: BaseException | None) -> CallOutcome:
    if end.is_gone:
        return "cancelled"
    if failure is None:
        return "ok" if end.status is not None and end.status < 400 else "failed"
    was_asked = any(each.outcome != "skipped" for each in call.attempts)
    return "refused" if isinstance(failure, _REFUSALS) and not was_asked else "failed"


def _overhead(call: RunningCall, end: float) -> float | None:
    """Return the time in which the gateway alone was at work; None if no model was asked."""
    if not call.sent:
        return None
    after = end - call.done if call.done else 0.0
    return _ms(call.sent - (call.read or call.began) + after)


def _model(call: RunningCall) -> str | None:
    if call.answer is not None:
        return call.answer.model or None
    for each in reversed(call.attempts):
        if each.outcome == "ok":
            return each.model
    # A kept answer, or that of an equal call in progress.
    return call.headers.get("x-llmring-model")


def _used(attempts: Iterable[Attempt]) -> tuple[Usage | None, Decimal | None, bool]:
    """Return the tokens and the cost of attempts without a common answer, as far as known.

    The last value is False if a part of the cost is not known.
    """
    usages: list[Usage] = []
    cost: Decimal | None = None
    is_whole = True
    for each in attempts:
        if each.usage is not None:
            usages.append(each.usage)
        amount = amount_of(each)
        if amount is not None:
            cost = amount if cost is None else cost + amount
        elif each.cost_reason is not None:
            is_whole = False
    if len(usages) < 2:
        return usages[0] if usages else None, cost, is_whole
    from llmring.client.usage_totals import total_usage

    return total_usage(usages), cost, is_whole


def _attempt(attempt: Attempt, call: RunningCall) -> FinishedAttempt:
    usage, reason = attempt.usage, None
    if attempt.outcome == "failed":
        reason = reason_of(attempt.error)
    elif attempt.outcome == "skipped":
        reason = skip_reason(attempt.error)
    was_asked = attempt.outcome != "skipped"
    first = call.first_chunks.get(attempt.model) if was_asked else None
    chunks, seconds = None, 0.0
    if attempt.outcome == "ok" and (later := call.later_chunks.get(attempt.model)):
        chunks, seconds = later
    return FinishedAttempt(
        model=attempt.model,
        outcome=attempt.outcome,
        reason=reason,
        status=attempt.status,
        ms=_ms(attempt.ms / 1000),
        first_ms=None if first is None else _ms(first),
        chunks=chunks,
        chunk_ms=_ms(seconds / chunks) if chunks else None,
        input_tokens=None if usage is None else usage.prompt_tokens,
        output_tokens=None if usage is None else usage.completion_tokens,
    )


def _ms(seconds: float) -> float:
    # Twice as fast as `round`.
    return int(seconds * 100_000 + 0.5) / 100
