"""The walk over an alias's models: which is next, how long it has, and what is told in the end.

The shells drive it: `for trial in walk`, then `trial.failed(error)` or `trial.answered()`.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date

from msgspec import Struct

from llmring.chat.request import LLMRequest
from llmring.chat.response import Attempt, story
from llmring.dialects.dialect import Limits
from llmring.exceptions import (
    AllModelsFailedError,
    ContentPolicyError,
    ContextLengthError,
    NoUsableModelError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRequestError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.lockfile.document import ModelRef
from llmring.redaction import redact
from llmring.routing.fit import fit
from llmring.routing.sizes import check_sizes, sized_parts
from llmring.routing.targets import Skip, Target
from llmring.wire import HttpHead, HttpRequest

log = logging.getLogger("llmring")

# An attempt leaves those after it half of the time that is left, but no more than this each:
# a model that never answers then can't use up the whole call, and one that is merely slow
# keeps nearly all of a normal deadline.
RESERVE_SECONDS = 10.0


class Verdict(enum.Enum):
    """What a failure means for the walk."""

    NEXT = "try the next model"
    NEXT_IF_CAPABLE = "try the next model that may do better"
    STOP = "the request itself is wrong"


# Looked up along the class's MRO, so that the most exact entry decides.
_VERDICTS: dict[type, Verdict] = {
    ProviderModelNotFoundError: Verdict.NEXT,
    ContextLengthError: Verdict.NEXT_IF_CAPABLE,
    UnsupportedFeatureError: Verdict.NEXT_IF_CAPABLE,
    ContentPolicyError: Verdict.NEXT_IF_CAPABLE,
    ProviderRequestError: Verdict.STOP,
    ProviderError: Verdict.NEXT,
}


def verdict(error: ProviderError) -> Verdict:
    """What this failure means for the walk."""
    return next(_VERDICTS[kind] for kind in type(error).__mro__ if kind in _VERDICTS)


# Sends one request, within these seconds, and gives the answer, whatever its status.
Fetch = Callable[[HttpRequest, float | None], Awaitable[tuple[HttpHead, bytes]]]


class Prepared(Struct, frozen=True):
    """What a model is sent.

    Attributes:
        http: The request to send.
        adjusted: What of the request the model does not take and was left out.
        finish: Makes the request that is sent in place of `http`, where files have to be read or
            uploaded first; given what sends a request, and the seconds that there are.
    """

    http: HttpRequest
    adjusted: tuple[str, ...] = ()
    finish: Callable[[Fetch, float | None], Awaitable[HttpRequest]] | None = None


def chat(request: LLMRequest, *, stream: bool) -> Callable[[Target], Prepared]:
    """Puts a chat request into the words of a model; see `Walk`.

    Args:
        request: What to ask; it is never changed.
        stream: Whether the answer is to be streamed.
    """

    def prepare(target: Target) -> Prepared:
        fitted = fit(request, target)
        http = target.encode(fitted.request, stream=stream)
        limits = target.endpoint.provider.quirks.limits
        if limits != Limits():
            check_sizes(sized_parts(fitted.request), len(http.body), limits)
        return Prepared(http, fitted.adjusted)

    return prepare


class Trial:
    """One model being tried.

    Attributes:
        target: The model.
        day: The day of the call, for prices.
        http: The request to send.
        finish: Makes the request to send, where something has to be done first; see `Prepared`.
        deadline: When the attempt must have begun to answer, on the walk's clock.
        committed: Whether something of the answer has been shown, so that no other model can
            take over unseen.
    """

    __slots__ = (
        "_adjusted",
        "_began",
        "_walk",
        "committed",
        "day",
        "deadline",
        "finish",
        "http",
        "target",
    )

    def __init__(
        self, walk: Walk, target: Target, prepared: Prepared, deadline: float | None
    ) -> None:
        self._walk = walk
        self._adjusted = prepared.adjusted
        self._began = walk.clock()
        self.target = target
        self.day = walk.day
        self.http = prepared.http
        self.finish = prepared.finish
        self.deadline = deadline
        self.committed = False

    def failed(self, error: ProviderError) -> None:
        """Take note of a failure.

        Raises:
            ProviderError: This very error, where no other model is to be tried.
        """
        ref = self.target.ref
        _sign(error, self.target)
        self._walk.record(
            Attempt(
                model=str(ref),
                outcome="failed",
                reason=error.message,
                status=error.status,
                ms=self._elapsed_ms(),
                adjusted=self._adjusted,
                error=error,
            )
        )
        if self.committed or verdict(error) is Verdict.STOP:
            error.attempts = tuple(self._walk.attempts)
            raise error
        self._walk.learn(self.target, error)

    def answered(self, status: int) -> tuple[Attempt, ...]:
        """Take note of the answer; gives all attempts of the call."""
        self._walk.record(
            Attempt(
                model=str(self.target.ref),
                outcome="ok",
                status=status,
                ms=self._elapsed_ms(),
                adjusted=self._adjusted,
            )
        )
        return tuple(self._walk.attempts)

    def _elapsed_ms(self) -> float:
        return (self._walk.clock() - self._began) * 1000


class Walk:
    """All models of one call, tried in order until one answers.

    Args:
        prepare: Puts what is asked into the words of one model; raises UnsupportedFeatureError
            where that can't be done, and the model is skipped.
        candidates: The alias's models in order.
        alias: The alias, or None where the call names a model itself.
        timeout: Seconds for the whole call; None for no limit.
        clock: Gives the time in seconds.
        day: The day of the call.
        on_attempt: Told of each attempt as soon as its outcome is known.
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
        on_attempt: Callable[[Attempt], None] | None = None,
    ) -> None:
        self.clock = clock
        self.day = day
        self.deadline = None if timeout is None else clock() + timeout
        self.attempts: list[Attempt] = []
        self._prepare = prepare
        self._candidates = list(candidates)
        self._alias = alias
        self._on_attempt = on_attempt
        self._too_small = 0
        self._refused_by: set[str] = set()

    def __iter__(self) -> Iterator[Trial]:
        for index, candidate in enumerate(self._candidates):
            if isinstance(candidate, Skip):
                self._skip(candidate.ref, candidate.error)
                continue
            objection = self._objection(candidate)
            if objection is not None:
                self._skip(candidate.ref, objection)
                continue
            try:
                prepared = self._prepare(candidate)
            except UnsupportedFeatureError as error:
                self._skip(candidate.ref, error)
                continue
            later = sum(isinstance(other, Target) for other in self._candidates[index + 1 :])
            yield Trial(self, candidate, prepared, self._attempt_deadline(later))

    def record(self, attempt: Attempt) -> None:
        """Take note of an attempt, and tell whoever listens."""
        self.attempts.append(attempt)
        if attempt.outcome != "ok":
            # A refused key is for a person to mend, even where another model answers.
            loud = isinstance(attempt.error, ProviderAuthenticationError)
            level = logging.WARNING if loud and attempt.outcome == "failed" else logging.INFO
            log.log(level, "%s %s: %s", attempt.model, attempt.outcome, attempt.reason)
        if self._on_attempt is not None:
            self._on_attempt(attempt)

    def learn(self, target: Target, error: ProviderError) -> None:
        """Take from a failure what it says about the models that are still to come."""
        if isinstance(error, ContextLengthError) and target.facts is not None:
            self._too_small = max(self._too_small, target.facts.context_window or 0)
        elif isinstance(error, ContentPolicyError):
            self._refused_by.add(target.ref.provider)

    def exhausted(self) -> ProviderError:
        """The error of a call that no model has answered."""
        failed = self._errors("failed")
        skipped = self._errors("skipped")
        if self._alias is None:
            [error] = failed or skipped
        elif failed:
            error = AllModelsFailedError.of(self._headline("all models", "failed"), failed)
        else:
            error = NoUsableModelError(self._headline("no model", "can be used"), skipped)
        error.attempts = tuple(self.attempts)
        return error

    def _errors(self, outcome: str) -> list[ProviderError]:
        attempts = (attempt for attempt in self.attempts if attempt.outcome == outcome)
        return [attempt.error for attempt in attempts if attempt.error is not None]

    def _headline(self, subject: str, verb: str) -> str:
        return f"{subject} of alias {self._alias!r} {verb}:\n{story(self.attempts)}"

    def _skip(self, ref: ModelRef, error: ProviderError) -> None:
        error.provider, error.model = ref.provider, ref.model
        self.record(Attempt(model=str(ref), outcome="skipped", reason=error.message, error=error))

    def _objection(self, target: Target) -> ProviderError | None:
        """Why not to try this model after what has happened; None where nothing speaks against."""
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

    def _attempt_deadline(self, later: int) -> float | None:
        if self.deadline is None:
            return None
        left = self.deadline - self.clock()
        return self.deadline - min(left / 2, RESERVE_SECONDS * later) if later else self.deadline


def _sign(error: ProviderError, target: Target) -> None:
    """Say in an error whose it is, and take out the key, should the provider have echoed it."""
    error.provider, error.model = target.ref.provider, target.ref.model
    secrets = target.endpoint.secrets
    error.args = (redact(error.message, secrets),)
    for name in ("provider_message", "code", "request_id"):
        said = getattr(error, name)
        if said:
            setattr(error, name, redact(said, secrets))
