"""Observers of calls, and the hooks of the application among them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.exceptions import ProviderError
from llmring.routing.targets import Target


class ObservedAttempt(Protocol):
    """An attempt as observers see it; attempts are distinct objects, hashed by identity.

    Attributes:
        target: The model.
        usage: The tokens that its answer took, if known.
        cost: Their cost in USD, if known.
        chunks: The pieces in which a streamed answer has come so far.
    """

    target: Target
    usage: Usage | None
    cost: Cost | None
    chunks: int

    @property
    def seconds(self) -> float:
        """Seconds since it was sent."""

    def silence(self, error: ProviderError) -> float:
        """Return the seconds for which the model sent nothing before this failure."""


class CallObserver:
    """An observer of one call, or of all calls of a ring.

    A subclass defines the methods that it needs; those left at None are not called. The
    first two may return an awaitable, as they may have to wait for Redis.

    Attributes:
        on_attempt_settled: An attempt has ended with a complete answer.
        on_attempt_failure: An attempt has failed; the error may still hold secrets.
        on_attempt_start: An attempt is about to be made.
        on_send: Returns the context in which an attempt's request is opened.
        on_first_content: The first content of an attempt's answer has arrived; for a whole answer,
            after `on_attempt_answer`.
        on_attempt_answer: An attempt has answered; the second argument returns the answer.
        on_attempt_dropped: An attempt was cancelled because another one was faster.
        on_attempt_outcome: The outcome of an attempt is known, or a model was skipped.
        on_failover: A model takes over from one that has failed; the arguments are the references
            of the failed and the next model, and the failure.
        on_refused_answer: The caller gets the answer of a failed attempt, which a provider's policy
            has emptied, because no model has another.
        on_models_done: No more models are tried: one has answered, or this error ended the call.
        on_chunk: The first or the last chunk of a streamed answer is about to be shown.
        on_answer: The caller gets this answer.
        on_failure: The caller gets this error.
    """

    on_attempt_settled: Callable[[ObservedAttempt], Awaitable[None] | None] | None = None
    on_attempt_failure: (
        Callable[[ObservedAttempt, ProviderError], Awaitable[None] | None] | None
    ) = None
    on_attempt_start: Callable[[ObservedAttempt], None] | None = None
    on_send: Callable[[ObservedAttempt], AbstractContextManager[object]] | None = None
    on_first_content: Callable[[ObservedAttempt], None] | None = None
    on_attempt_answer: Callable[[ObservedAttempt, Callable[[], LLMResponse]], None] | None = None
    on_attempt_dropped: Callable[[ObservedAttempt], None] | None = None
    on_attempt_outcome: Callable[[Attempt], None] | None = None
    on_failover: Callable[[str, str, ProviderError], None] | None = None
    on_refused_answer: Callable[[LLMResponse], None] | None = None
    on_models_done: Callable[[BaseException | None], None] | None = None
    on_chunk: Callable[[StreamChunk], None] | None = None
    on_answer: Callable[[LLMResponse], None] | None = None
    on_failure: Callable[[BaseException], None] | None = None


log = logging.getLogger("llmring")

OnAttempt = Callable[[Attempt], None]
OnFailover = Callable[[str, str, ProviderError], None]


class AttemptHook(CallObserver):
    """An observer that calls `on_attempt`; its exceptions are logged, and the call continues.

    Args:
        hook: The application's function.
    """

    def __init__(self, hook: OnAttempt) -> None:
        self._hook = hook

    def on_attempt_outcome(self, attempt: Attempt) -> None:
        """Pass on an attempt as soon as its outcome is known."""
        _call("on_attempt", self._hook, attempt)


class FailoverHook(CallObserver):
    """An observer that calls `on_failover`; its exceptions are logged, and the call continues.

    Args:
        hook: The application's function.
    """

    def __init__(self, hook: OnFailover) -> None:
        self._hook = hook

    def on_failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Pass on that another model takes over.

        Args:
            failed: The reference of the model that has failed.
            successor: The reference of the model that is tried next.
            error: The failure.
        """
        _call("on_failover", self._hook, failed, successor, error)


def hooks_of(
    on_attempt: OnAttempt | None, on_failover: OnFailover | None
) -> Sequence[CallObserver]:
    """Return the observers that call these functions of the application."""
    hooks: list[CallObserver] = []
    if on_attempt is not None:
        hooks.append(AttemptHook(on_attempt))
    if on_failover is not None:
        hooks.append(FailoverHook(on_failover))
    return hooks


def _call(name: str, hook: Callable[..., None], *what: Any) -> None:
    try:
        hook(*what)
    except Exception:  # the application's own
        log.exception("%s raised an exception; the call continues", name)
