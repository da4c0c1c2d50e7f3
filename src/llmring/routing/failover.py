"""Failover over an alias's models: the next attempt, its deadline, and the error at the end.

Callers loop: `for attempt in failover`, then `attempt.fail(error)` or `attempt.succeed(status)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date

import msgspec

from llmring.chat.response import Attempt
from llmring.dialects.request_changes import ChangedRequest
from llmring.exceptions import (
    AllModelsFailedError,
    NoUsableModelError,
    ProviderError,
    ProviderRequestError,
    ProviderResponseError,
    UnsupportedFeatureError,
)
from llmring.lockfile.document import ModelRef
from llmring.routing.attempt import AttemptState
from llmring.routing.backoff import pause
from llmring.routing.call_context import CallContext
from llmring.routing.call_progress import CallProgress
from llmring.routing.circuits import OpenCircuit
from llmring.routing.failure_policy import is_passing
from llmring.routing.failure_report import failure_report
from llmring.routing.observers import ObservedAttempt
from llmring.routing.policy import LAST_RETRIES
from llmring.routing.refused_parameters import (
    MOST_RESENDS,
    is_refused_at_once,
    relay_of,
    without_refused,
)
from llmring.routing.reserve import latest_end, reserve_for
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target


class WithdrawnError(ProviderError):
    """An attempt that was taken back before its request was sent; no caller gets this error."""


class Failover(CallProgress):
    """All models of one call, tried in order until one answers.

    Args:
        prepare: Makes the request for one model; if it raises UnsupportedFeatureError, the model
            is skipped.
        candidates: The alias's models in order.
        alias: The alias, or None if the call names a model itself.
        timeout: Seconds for the whole call; None for no limit.
        clock: Returns the time in seconds.
        day: The day of the call.
        context: The settings of the call; None for the defaults.
    """

    def __init__(
        self,
        prepare: Callable[[Target], Prepared],
        candidates: Sequence[Target | Skip],
        *,
        alias: str | None,
        timeout: float | None,
        clock: Callable[[], float],
        day: date,
        context: CallContext | None = None,
    ) -> None:
        super().__init__(
            timeout=timeout,
            clock=clock,
            day=day,
            context=context or CallContext(),
            candidates=candidates,
        )
        self._prepare = prepare
        self.alias = alias
        self.blocked: Mapping[str, OpenCircuit] = {}
        self._has_started = False
        self._paused = 0.0
        self._retry_after: float | None = None
        self._resends: tuple[tuple[AttemptState, ChangedRequest], ...] = ()
        self._resent: dict[ModelRef, int] = {}

    @property
    def targets(self) -> list[Target]:
        """The models that can be sent to, in order."""
        return [each for each in self._candidates if isinstance(each, Target)]

    def start(self) -> AttemptState | None:
        """Make the first attempt without any of the machinery for a second one.

        Iterating afterwards continues after this attempt. Return None if the call can't begin
        with the first model; iterating then records the reason.
        """
        first = self._candidates[0] if self._candidates else None
        if self.blocked or not isinstance(first, Target):
            return None
        if self.deadline is not None and self.clock() >= self.deadline:
            return None
        try:
            prepared = self._prepare(first)
        except UnsupportedFeatureError:
            return None
        if not self.context.refused.is_empty:
            prepared = self.context.refused.adjusted(first, prepared)
        self._has_started = True
        return self._attempt(first, prepared, self._candidates[1:], 0.0)

    def withdraw(self, attempt: AttemptState) -> None:
        """Take back the first attempt, of which nothing was sent; see `start`."""
        self._under_way.remove(attempt)
        self._has_started = False

    def __iter__(self) -> Iterator[AttemptState]:
        return _Attempts(self, self._attempts_in_order())

    def _attempts_in_order(self) -> Iterator[AttemptState]:
        left = self._candidates
        avoided = self._avoided() if self.blocked else {}
        wait = 0.0
        for round_ in range(1, self._rounds + 2):
            again: list[Target | Skip] = []
            failures: list[ProviderError] = []
            for index, each in enumerate(left):
                if isinstance(each, Skip):
                    # A copy, as other calls skip the model with the same error.
                    self._skip(each.ref, copy(each.error))
                    continue
                if avoided and str(each.ref) in avoided:
                    self._skip(each.ref, _cooling(avoided[str(each.ref)]))
                    continue
                for attempt in self._tries(each, left[index + 1 :], wait):
                    wait = 0.0
                    yield attempt
                failure = self._failure()
                if failure is not None and is_passing(failure):
                    again.append(each)
                    failures.append(failure)
            left = again
            pause_ = self._pause(round_, *failures) if left else None
            if pause_ is None:
                return
            wait = pause_

    @property
    def _rounds(self) -> int:
        """The number of rounds after the first; 0 if each model is retried in its place."""
        return LAST_RETRIES if self.context.policy.retries is None else 0

    def _avoided(self) -> Mapping[str, OpenCircuit]:
        """Return the models with an open circuit; if all are open, all but the first to close."""
        refs = {str(each.ref) for each in self.targets}
        avoided = {ref: open_ for ref, open_ in self.blocked.items() if ref in refs}
        if len(avoided) == len(refs) > 0:
            del avoided[min(avoided, key=lambda ref: avoided[ref].seconds)]
        return avoided

    def _tries(
        self, target: Target, later: Sequence[Target | Skip], wait: float
    ) -> Iterator[AttemptState]:
        """Yield the attempts at one model: the first, then the retries that the lockfile sets."""
        if not self._has_started:
            self._last = None
        for nth in range((self.context.policy.retries or 0) + 1):
            if not self._has_started:
                failure = self._failure()
                seconds = wait if failure is None else self._pause(nth, failure)
                self._last = None
                prepared = None if seconds is None else self._ready(target)
                if seconds is None or prepared is None:
                    return
                attempt = self._attempt(target, prepared, later, seconds)
                if self._last_failed is not None:
                    self._report_failover(target, *self._last_failed)
                yield attempt
            self._has_started = False
            failure = self._failure()
            if failure is None or not is_passing(failure):
                return

    def learn(self, attempt: ObservedAttempt, error: ProviderError) -> None:
        """Remember what a failure means for the models still to try, this one included."""
        super().learn(attempt, error)
        if not isinstance(attempt, AttemptState):
            return
        changed = without_refused(attempt.http, error)
        if attempt.changes and (changed is not None or not isinstance(error, ProviderRequestError)):
            self.context.refused.remember(attempt.target, attempt.changes)
        resent = self._resent.get(attempt.target.ref, 0)
        if changed is None or attempt.committed or resent >= MOST_RESENDS:
            return
        if self.context.effects and not is_refused_at_once(error):
            return
        self._resent[attempt.target.ref] = resent + 1
        self._resends = (*self._resends, (attempt, changed))

    def resend(self) -> AttemptState | None:
        """Return the next attempt without what was refused, if any."""
        if not self._resends or (self.deadline is not None and self.clock() >= self.deadline):
            return None
        (refused, changed), *rest = self._resends
        self._resends = tuple(rest)
        target = refused.target
        # By reference: the attempt may have asked the model by its provider's other API.
        places = [isinstance(each, Target) and each.ref == target.ref for each in self._candidates]
        later = self._candidates[places.index(True) + 1 :]
        relay = relay_of(refused.http, refused.relay, changed)
        prepared = Prepared(changed.http, (*refused.adjusted, *changed.notes), relay=relay)
        attempt = self._attempt(target, prepared, later, 0.0)
        attempt.changes = (*refused.changes, *changed.changes)
        return attempt

    def _report_failover(self, target: Target, before: Target, error: ProviderError) -> None:
        if before.ref != target.ref:
            for each in self.observers:
                if each.on_failover is not None:
                    each.on_failover(str(before.ref), str(target.ref), error)

    def _failure(self) -> ProviderError | None:
        """Return the error of the last attempt; known once `attempt.failed` was called."""
        return self._last

    def _ready(self, target: Target) -> Prepared | None:
        """Return the request to send; record a skip and return None if the model can't be used."""
        objection = self.objection(target)
        if objection is None:
            try:
                prepared = self._prepare(target)
            except UnsupportedFeatureError as error:
                objection = error
            else:
                refused = self.context.refused
                return prepared if refused.is_empty else refused.adjusted(target, prepared)
        self._skip(target.ref, objection)
        return None

    def _pause(self, nth: int, *failures: ProviderError) -> float | None:
        """Return the seconds to wait before the nth retry; None for no retry."""
        left = None if self.deadline is None else self.deadline - self.clock()
        delays = [error.retry_after for error in failures]
        known = [delay for delay in delays if delay is not None]
        seconds = pause(
            nth, min(known) if len(known) == len(delays) else None, left, self.context.chance
        )
        most = self.context.most_pauses
        if seconds is None or most is None:
            return seconds
        if self._paused + seconds >= most:
            self._retry_after = seconds
            return None
        self._paused += seconds
        return seconds

    def exhausted(self) -> ProviderError:
        """Return the error of a call that no model answered."""
        failed = self._errors("failed")
        skipped = self._errors("skipped")
        if self.alias is None:
            error = (failed or skipped)[-1]
        else:
            waits = [each.retry_after for each in failed or skipped if each.retry_after is not None]
            wait = min(waits, default=self._retry_after)
            message = failure_report(self.alias, self.attempts, wait)
            if failed:
                error = AllModelsFailedError.of(message, failed)
            else:
                error = NoUsableModelError(message, skipped)
        error.attempts = tuple(self.attempts)
        if error.retry_after is None:
            error.retry_after = self._retry_after
        return error

    def _errors(self, outcome: str) -> list[ProviderError]:
        attempts = (attempt for attempt in self.attempts if attempt.outcome == outcome)
        return [attempt.error for attempt in attempts if attempt.error is not None]

    def _skip(self, ref: ModelRef, error: ProviderError) -> None:
        error.provider, error.model = ref.provider, ref.model
        self.record(Attempt(model=str(ref), outcome="skipped", reason=error.message, error=error))

    def _attempt(
        self, target: Target, prepared: Prepared, later: Sequence[Target | Skip], pause: float
    ) -> AttemptState:
        """Begin an attempt that leaves time for the later ones."""
        reserve = reserve_for(sum(isinstance(each, Target) for each in later)) if later else 0.0
        deadline = self.deadline
        if deadline is not None and reserve:
            deadline = latest_end(deadline, self.clock() + pause, reserve)
        question = self.context.question
        if prepared.relay == "translated" and question is not None and question.answers > 1:
            # The client's request without what the model refused: several answers need its bytes.
            prepared = msgspec.structs.replace(prepared, relay="adapted")
        return AttemptState(self, target, prepared, deadline, pause, reserve)


class _Attempts:
    """The attempts of a call: before the next in order, those that are sent once more.

    Args:
        failover: The call.
        in_order: The other attempts.
    """

    def __init__(self, failover: Failover, in_order: Iterator[AttemptState]) -> None:
        self._failover = failover
        self._in_order = in_order

    def __iter__(self) -> Iterator[AttemptState]:
        return self

    def __next__(self) -> AttemptState:
        # A refusal may come after the last model was asked, if models are asked at the same time.
        return self._failover.resend() or next(self._in_order)


def _cooling(circuit: OpenCircuit) -> ProviderError:
    return ProviderResponseError(
        f"circuit open for another {circuit.seconds:.0f} s ({circuit.reason})"
    )
