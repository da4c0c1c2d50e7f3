"""The state of one call: its attempts so far, and what they mean for the models still to try."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import date
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    LimitExceededError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderTimeoutError,
)
from llmring.redaction import one_line
from llmring.routing.call_context import CallContext
from llmring.routing.failure_policy import Verdict, may_have_run, verdict
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.targets import Skip, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("llmring")


class RefusedAnswer(Struct, frozen=True):
    """An answer that a provider's policy has emptied; the call's answer if no model has another.

    Attributes:
        answer: The answer, or the last chunk of a streamed one.
        whole: The answer as a whole.
        error: The failure as which the attempt ended.
        shown: The text that had been shown by then.
    """

    answer: LLMResponse | StreamChunk
    whole: LLMResponse
    error: ContentPolicyError
    shown: str


class CallProgress:
    """The outcomes of a call so far, and the decisions that follow from them.

    Args:
        timeout: Seconds for the whole call; None for no limit.
        clock: Returns the time in seconds.
        day: The day of the call.
        context: The settings of the call.
        candidates: The models of the call.

    Attributes:
        clock: Returns the time in seconds.
        day: The day of the call, for prices.
        timeout: Seconds for the whole call; None for no limit.
        deadline: When the call must be over, on its clock; None for no limit.
        waited: Seconds that it has waited for its turn, by which its deadline was moved.
        context: The settings of the call.
        observers: The observers of the call.
        attempts: The outcomes so far, skipped models included.
        later: The attempts of each further request of the call, such as one that repairs an answer.
        uncounted: Models that may charge for an attempt whose usage is not known.
        refused: The last answer that a provider's policy has emptied, if the call went on.
    """

    def __init__(
        self,
        *,
        timeout: float | None,
        clock: Callable[[], float],
        day: date,
        context: CallContext,
        candidates: Sequence[Target | Skip] = (),
    ) -> None:
        self.clock = clock
        self.day = day
        self.timeout = timeout
        self.deadline = None if timeout is None else clock() + timeout
        self.waited = 0.0
        self.context = context
        self.observers: Sequence[CallObserver] = context.observers
        self.attempts: list[Attempt] = []
        self.later: list[Sequence[Attempt]] = []
        self.uncounted: tuple[Target, ...] = ()
        self.refused: RefusedAnswer | None = None
        self._candidates = candidates
        self._under_way: list[DroppableAttempt] = []
        self._last: ProviderError | None = None
        self._last_failed: tuple[Target, ProviderError] | None = None
        self._too_small = 0
        self._refused_by: tuple[str, ...] = ()

    def postpone(self, seconds: float) -> None:
        """Move the end of the call's time by seconds in which it has waited for its turn."""
        self.waited += seconds
        if self.deadline is not None:
            self.deadline += seconds

    def begin(self, attempt: DroppableAttempt) -> None:
        """Add an attempt that is about to be made."""
        self._under_way.append(attempt)
        for each in self.observers:
            if each.on_attempt_start is not None:
                each.on_attempt_start(attempt)

    def is_under_way(self, attempt: ObservedAttempt) -> bool:
        """Return True if the attempt has not ended, nor been cancelled for a faster one."""
        return attempt in self._under_way

    def drop_others(self, answered: DroppableAttempt) -> bool:
        """End all attempts, as this one has answered; return False if it had already ended."""
        if answered not in self._under_way:
            return False
        self._under_way.remove(answered)
        for attempt in self._under_way:
            self.uncounted = (*self.uncounted, attempt.target)
            attempt.drop()
        self._under_way.clear()
        return True

    def end(self, attempt: DroppableAttempt, *, uncounted: bool) -> None:
        """End an attempt that has failed.

        Args:
            attempt: The attempt.
            uncounted: Whether the provider may charge for it although its usage is not known.
        """
        self._under_way.remove(attempt)
        if uncounted:
            self.uncounted = (*self.uncounted, attempt.target)

    def abandon_attempts(self, *, by_caller: bool) -> None:
        """End all attempts, as the call ends without their outcomes.

        Args:
            by_caller: Whether the caller has cancelled the call.
        """
        for attempt in self._under_way:
            attempt.abandon(by_caller=by_caller)
        self._under_way.clear()

    def record(self, attempt: Attempt) -> None:
        """Keep and log an outcome, and pass it to the observers."""
        self.attempts.append(attempt)
        if attempt.outcome != "ok":
            # Only a person can replace a refused key, even if another model answers.
            loud = isinstance(attempt.error, ProviderAuthenticationError)
            level = logging.WARNING if loud and attempt.outcome == "failed" else logging.INFO
            reason = one_line(str(attempt.reason))
            log.log(level, "%s %s: %s", attempt.model, attempt.outcome, reason)
        for each in self.observers:
            if each.on_attempt_outcome is not None:
                each.on_attempt_outcome(attempt)

    def sending(self, attempt: ObservedAttempt) -> AbstractContextManager[object] | None:
        """Return the context in which the request of an attempt is opened; None for any."""
        stack: ExitStack | None = None
        for each in self.observers:
            if each.on_send is not None:
                stack = stack or ExitStack()
                stack.enter_context(each.on_send(attempt))
        return stack

    def report_content(self, attempt: ObservedAttempt) -> None:
        """Report that the first content of an attempt's answer has arrived."""
        for each in self.observers:
            if each.on_first_content is not None:
                each.on_first_content(attempt)

    async def report_settled(self, attempt: ObservedAttempt) -> None:
        """Report that an attempt has ended with a complete answer."""
        for each in self.observers:
            if each.on_attempt_settled is not None:
                waiting = each.on_attempt_settled(attempt)
                if waiting is not None:
                    await waiting

    async def report_failure(self, attempt: ObservedAttempt, error: ProviderError) -> None:
        """Report that an attempt has failed."""
        for each in self.observers:
            if each.on_attempt_failure is not None:
                waiting = each.on_attempt_failure(attempt, error)
                if waiting is not None:
                    await waiting

    def report_refused(self, answer: LLMResponse) -> None:
        """Report that the caller gets an answer that a provider's policy has emptied."""
        for each in self.observers:
            if each.on_refused_answer is not None:
                each.on_refused_answer(answer)

    def report_end(self, error: BaseException | None) -> None:
        """Report that no more models are tried; end the attempts that are still under way.

        Args:
            error: The error that ended the call; None if a model has answered.
        """
        if error is not None:
            # Code of the application leaves with the latter two; a Ctrl-C cancels the call's task.
            failed = isinstance(error, Exception | SystemExit | KeyboardInterrupt)
            self.abandon_attempts(by_caller=not failed)
        if isinstance(error, ProviderError | LimitExceededError):
            error.attempts = tuple(self.attempts)
        for each in self.observers:
            if each.on_models_done is not None:
                each.on_models_done(error)

    def report_chunk(self, chunk: StreamChunk) -> None:
        """Report that the first or the last chunk is about to be shown to the caller."""
        if chunk.message is not None and self.context.checks_form:
            return  # the call goes on until its form is known to fit
        for each in self.observers:
            if each.on_chunk is not None:
                each.on_chunk(chunk)

    def report_result(self, result: LLMResponse | BaseException) -> None:
        """Report the answer or the error that the caller gets."""
        for each in self.observers:
            if isinstance(result, BaseException):
                if each.on_failure is not None:
                    each.on_failure(result)
            elif each.on_answer is not None:
                each.on_answer(result)

    def stops(self, error: ProviderError, *, committed: bool) -> bool:
        """Return True if this failure ends the call.

        Args:
            error: The failure.
            committed: Whether a part of the answer has been shown.
        """
        if verdict(error) is Verdict.STOP and not committed:
            return True
        if self.context.effects and may_have_run(error):
            return True
        if not committed:
            return False
        plan = self.context.progress.next_step()
        self.context.progress.resumes = plan == "continue"
        return plan == "raise"

    def goes_on_after_refusal(self, target: Target, *, committed: bool) -> bool:
        """Return True if a model of another provider is to answer, now that this one has refused.

        Args:
            target: The model that refused.
            committed: Whether a part of its answer, such as its reasoning, has been shown.
        """
        if self.context.policy.on_refusal == "answer" or self.context.effects:
            return False
        if committed and self.context.progress.next_step() == "raise":
            return False
        refused_by = {*self._refused_by, target.ref.provider}
        return any(
            isinstance(each, Target) and each.ref.provider not in refused_by
            for each in self._candidates
        )

    def learn(self, attempt: ObservedAttempt, error: ProviderError) -> None:
        """Remember what a failure means for the models still to try."""
        target = attempt.target
        self._last = error
        self._last_failed = (target, error)
        if isinstance(error, ContextLengthError) and target.facts is not None:
            self._too_small = max(self._too_small, target.facts.context_window or 0)
        elif isinstance(error, ContentPolicyError):
            self._refused_by = (*self._refused_by, target.ref.provider)

    def objection(self, target: Target) -> ProviderError | None:
        """Return why earlier failures rule this model out; None if they do not."""
        if self.deadline is not None and self.clock() >= self.deadline:
            return ProviderTimeoutError("the call's time is used up")
        window = target.facts.context_window if target.facts else None
        if self._too_small and window is not None and window <= self._too_small:
            return ContextLengthError(
                f"its context of {window} tokens is no larger than the one that was too small"
            )
        if target.ref.provider in self._refused_by:
            return ContentPolicyError("the same provider has refused the request by its policy")
        return None


class DroppableAttempt(ObservedAttempt, Protocol):
    """An attempt that a faster one may end."""

    def drop(self) -> None:
        """End the attempt because another one has answered."""

    def abandon(self, *, by_caller: bool) -> None:
        """End the attempt because the call has ended without its outcome."""
