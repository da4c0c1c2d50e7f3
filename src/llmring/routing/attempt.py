"""One attempt at a model: its request, its time limit and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.dialects.reported_cost import ReportedCost
from llmring.exceptions import ContentPolicyError, ProviderError, ProviderTimeoutError
from llmring.redaction import redact
from llmring.routing.call_context import CallContext
from llmring.routing.call_progress import CallProgress, RefusedAnswer
from llmring.routing.estimate import may_have_cost
from llmring.routing.selection.prepare import Prepared
from llmring.routing.settled_cost import settled_cost
from llmring.routing.targets import Target

if TYPE_CHECKING:
    from llmring.dialects.request_changes import RequestChange

_UNCOUNTED = "cancelled before usage was reported; the provider may still bill it"


class AttemptState:
    """One attempt at a model.

    Attributes:
        target: The model.
        adjusted: Remarks on what was left out of the request or changed for this model.
        day: The day of the call, for prices.
        http: The request to send.
        changes: What this model had refused of the request, so that it is sent once more.
        finish: Makes the request to send, if something has to be done first; see `Prepared`.
        deadline: When the attempt must have begun to answer, on the call's clock.
        pause: Seconds to wait before it is sent.
        relay: How much of a client's body the request has; see `Prepared`.
        reserve: Most seconds of the call to leave to the models after it.
        committed: Whether a part of its answer has been shown.
        is_dropped: Whether another attempt was faster, or the call has ended.
        is_sent: Whether a request was opened.
        notes: Remarks on its answer.
        chunks: The pieces in which a streamed answer has come so far.
        usage: The tokens that its answer took, if known.
        cost: The cost of these tokens in USD, if known.
        cost_reason: Why the cost is not known, or not exact.
    """

    __slots__ = (
        "_began",
        "_call",
        "adjusted",
        "changes",
        "chunks",
        "committed",
        "cost",
        "cost_reason",
        "day",
        "deadline",
        "finish",
        "http",
        "is_dropped",
        "is_sent",
        "notes",
        "pause",
        "relay",
        "reserve",
        "target",
        "usage",
    )

    def __init__(
        self,
        call: CallProgress,
        target: Target,
        prepared: Prepared,
        deadline: float | None,
        pause: float,
        reserve: float = 0.0,
    ) -> None:
        self._call = call
        self.adjusted = prepared.adjusted
        self._began = call.clock() + pause
        self.notes: tuple[str, ...] = ()
        self.changes: Sequence[RequestChange] = ()
        self.pause = pause
        self.reserve = reserve
        self.target = prepared.target or target
        self.day = call.day
        self.http = prepared.http
        self.finish = prepared.finish
        self.relay = prepared.relay
        self.deadline = deadline
        self.committed = self.is_dropped = self.is_sent = False
        self.chunks = 0
        self.usage: Usage | None = None
        self.cost: Cost | None = None
        self.cost_reason: str | None = None
        call.begin(self)

    def note(self, text: str) -> None:
        """Add a note on the answer to the outcome, with keys redacted."""
        self.notes = (*self.notes, redact(text, self.target.endpoint.secrets))

    def postpone(self, seconds: float) -> None:
        """Move its beginning and the end of its time by seconds in which it has waited."""
        self._began += seconds
        if self.deadline is not None:
            self.deadline += seconds

    def record_usage(self, usage: Usage | None, reported: ReportedCost | None = None) -> None:
        """Set the tokens that the answer took, and settle its cost.

        Args:
            usage: The tokens; None if the provider reports none.
            reported: The cost that the provider reports, if any.
        """
        if usage is not None and usage is self.usage:
            return  # reported before
        self.usage = usage
        settled = settled_cost(usage, self.target.facts, self.day, reported)
        self.cost, self.cost_reason = settled.cost, settled.reason
        if settled.note is not None and settled.note not in self.notes:
            self.note(settled.note)

    def record_served_name(self, name: str | None) -> None:
        """Note it if the provider reports another model than the one asked for."""
        if not name or name == self.target.ref.model:
            return  # the name that was asked for does not reveal the model behind it
        remark = self._call.context.remark_on(self.target.ref, name)
        if remark is not None:
            self.note(remark)

    @property
    def context(self) -> CallContext:
        """The settings of the call."""
        return self._call.context

    @property
    def earlier(self) -> tuple[Attempt, ...]:
        """The outcomes of the attempts before it."""
        return tuple(self._call.attempts)

    @property
    def has_successors(self) -> bool:
        """True if other models of the call could still answer."""
        return self.reserve > 0

    def goes_on_after_refusal(self) -> bool:
        """Return True if a model of another provider is to answer after this refusal."""
        return self._call.goes_on_after_refusal(self.target, committed=self.committed)

    def keep_refused(
        self, answer: LLMResponse | StreamChunk, whole: LLMResponse, error: ContentPolicyError
    ) -> None:
        """Keep an answer that is refused, in case no model has another; see `RefusedAnswer`."""
        answer.cost, answer.cost_reason = self.cost, self.cost_reason
        shown = self._call.context.progress.text
        self._call.refused = RefusedAnswer(answer, whole, error, shown)

    def sign(self, error: ProviderError) -> None:
        """Set provider and model of an error, and redact keys that the provider has echoed."""
        error.provider, error.model = self.target.ref.provider, self.target.ref.model
        secrets = self.target.endpoint.secrets
        error.args = (redact(error.message, secrets),)
        for name in ("provider_message", "code", "request_id"):
            text = getattr(error, name)
            if text:
                setattr(error, name, redact(text, secrets))

    def fail(self, error: ProviderError) -> None:
        """End the attempt with a failure, which `sign` has prepared.

        Raises:
            ProviderError: This same error, if it ends the call.
        """
        if not self._call.is_under_way(self):
            return  # cancelled in the same moment, as another one was faster
        uncounted = self.usage is None and (self.committed or may_have_cost(error))
        self._call.record(
            Attempt(
                model=self.target.name,
                outcome="failed",
                reason=error.message,
                status=error.status,
                ms=self._elapsed_ms(),
                adjusted=self.adjusted,
                notes=self.notes,
                usage=self.usage,
                cost=self.cost,
                cost_reason=_UNCOUNTED if uncounted else self.cost_reason,
                error=error,
            )
        )
        self._call.end(self, uncounted=uncounted)
        if self._call.stops(error, committed=self.committed):
            error.attempts = tuple(self._call.attempts)
            raise error
        self._call.learn(self, error)

    def report_answer(self, reply: Callable[[], LLMResponse]) -> None:
        """Pass a complete answer to the observers.

        Args:
            reply: Returns the answer; called only if an observer needs it.
        """
        for each in self._call.observers:
            if each.on_attempt_answer is not None:
                each.on_attempt_answer(self, reply)

    def succeed(self, status: int) -> tuple[Attempt, ...]:
        """End the attempt with an answer; return the outcomes of all attempts of the call."""
        if not self._call.drop_others(self):
            return tuple(self._call.attempts)
        if self.changes:
            self._call.context.refused.remember(self.target, self.changes)
        self._call.record(
            Attempt(
                model=self.target.name,
                outcome="ok",
                status=status,
                ms=self._elapsed_ms(),
                adjusted=self.adjusted,
                notes=self.notes,
                usage=self.usage,
                cost=self.cost,
                cost_reason=self.cost_reason,
            )
        )
        return tuple(self._call.attempts)

    def drop(self) -> None:
        """End the attempt because another one was faster."""
        self.is_dropped = True
        for each in self._call.observers:
            if each.on_attempt_dropped is not None:
                each.on_attempt_dropped(self)
        self._call.record(
            Attempt(
                model=self.target.name,
                outcome="dropped",
                reason="another model was faster",
                ms=self._elapsed_ms(),
                adjusted=self.adjusted,
                cost_reason=_UNCOUNTED,
            )
        )

    def abandon(self, *, by_caller: bool) -> None:
        """End the attempt because the call has ended without its outcome.

        An attempt that has not been sent leaves no trace.

        Args:
            by_caller: Whether the caller has cancelled the call.
        """
        self.is_dropped = True
        if not self.is_sent:
            return
        if self.usage is None:
            self._call.uncounted = (*self._call.uncounted, self.target)
        self._call.record(
            Attempt(
                model=self.target.name,
                outcome="dropped",
                reason="the caller cancelled the call" if by_caller else "the call has failed",
                ms=self._elapsed_ms(),
                adjusted=self.adjusted,
                notes=self.notes,
                usage=self.usage,
                cost=self.cost,
                cost_reason=_UNCOUNTED if self.usage is None else self.cost_reason,
            )
        )

    @property
    def seconds(self) -> float:
        """Seconds since it was sent."""
        return max(0.0, self._call.clock() - self._began)

    @property
    def uncounted(self) -> tuple[Target, ...]:
        """The other models of the call that may charge for an attempt whose usage is not known."""
        return self._call.uncounted

    def silence(self, error: ProviderError) -> float:
        """Return the seconds for which the model sent nothing before this failure."""
        if error.status is None:
            return self._call.clock() - self._began
        stalled = error.stalled_for if isinstance(error, ProviderTimeoutError) else None
        return stalled or 0.0

    def _elapsed_ms(self) -> float:
        return max(0.0, self._call.clock() - self._began) * 1000
