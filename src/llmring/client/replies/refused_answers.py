"""Answers that a provider's policy has emptied, given to the caller if no model has another."""

from __future__ import annotations

from llmring.chat.response import LLMResponse, StreamChunk
from llmring.client.replies.reply_reader import estimated_cost
from llmring.client.usage_totals import both, total_cost
from llmring.routing.call_progress import RefusedAnswer
from llmring.routing.failover import Failover


def refused_answer(failover: Failover) -> LLMResponse | None:
    """Return the last whole answer that a provider refused, complete; None if no provider did."""
    refused = failover.refused
    if refused is None or not isinstance(refused.answer, LLMResponse):
        return None
    _complete(refused, refused.answer, failover)
    return refused.answer


def refused_chunk(failover: Failover) -> StreamChunk | None:
    """Return the last chunk of a streamed answer that a provider refused.

    Return None if no provider did, or if another model has shown text since then, which this chunk
    would not belong to.
    """
    refused, progress = failover.refused, failover.context.progress
    if refused is None or not isinstance(refused.answer, StreamChunk):
        return None
    if progress.calls or progress.text != refused.shown:
        return None
    _complete(refused, refused.answer, failover)
    refused.answer.restart = progress.anything and not progress.text
    return refused.answer


def _complete(
    refused: RefusedAnswer, answer: LLMResponse | StreamChunk, failover: Failover
) -> None:
    """Set the attempts of the call and the cost of all of them, and report the answer."""
    failover.report_refused(refused.whole)
    answer.attempts = tuple(failover.attempts)
    costs = [
        (attempt.cost, attempt.cost_reason)
        for attempt in answer.attempts
        if attempt.usage is not None or attempt.error is refused.error
    ]
    uncounted = failover.uncounted if answer.usage is not None else ()
    if answer.usage is not None:
        costs += [estimated_cost(target, answer.usage, failover.day) for target in uncounted]
    answer.cost, answer.cost_reason = total_cost(costs)
    if answer.cost is not None and uncounted:
        names = ", ".join(dict.fromkeys(str(target.ref) for target in uncounted))
        answer.cost_reason = both(
            answer.cost_reason, f"with an estimate for cancelled attempts: {names}"
        )
