"""Answers that a provider's policy has emptied, given to the caller if no model has another."""

from __future__ import annotations

from llmring.chat.response import LLMResponse, StreamChunk
from llmring.client.replies.reply_reader import cost_with_others
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
    failover.abandon_attempts(by_caller=False)
    failover.report_refused(refused.whole)
    answer.attempts = tuple(failover.attempts)
    others = [each for each in answer.attempts if each.error is not refused.error]
    answer.cost, answer.cost_reason = cost_with_others(
        answer, others, failover.uncounted, failover.day
    )
