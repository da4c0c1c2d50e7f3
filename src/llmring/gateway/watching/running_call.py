"""The facts of a call of a client that become known while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.exceptions import ProviderError
from llmring.gateway.caller import ANYONE, Caller
from llmring.gateway.watching.finished_call import FailoverPlace, FinishedFailover
from llmring.gateway.watching.reasons import reason_of
from llmring.routing.observers import CallObserver, ObservedAttempt

if TYPE_CHECKING:
    from llmring.telemetry.server_trace import ServerTrace


class RunningCall(Struct, kw_only=True):
    """The facts of a call that is being answered.

    Attributes:
        at: The time at which its head had come, in ns since 1970.
        began: The same, by the counter for performance.
        read: The time at which the whole request had come, by this counter; 0 before.
        operation: The kind of call, by OpenTelemetry's names: "chat", "embeddings", or empty for
            one that no model answers.
        route: The path, with placeholders for names; empty for one that leads nowhere.
        caller: Who makes the call.
        alias: The alias that it calls, once it is known.
        profile: The profile, once it is known.
        on_named: Called when they become known.
        sent: The time at which the first model was asked; 0 before.
        first: The time of the first content of the answer; 0 before.
        done: The time of the last outcome of an attempt; 0 before.
        attempts: The outcomes of the attempts.
        first_chunks: Seconds to the first chunk of attempts, by model.
        later_chunks: The number of chunks after that, and the seconds that these took.
        failovers: The models that took over from others.
        answer: The answer, or its last chunk.
        headers: The headers that the endpoint gives to the answer.
        failure: The error of the models, if none of them answered.
        trace: The span of the call, if it is traced.
    """

    at: int
    began: float
    read: float = 0.0
    operation: str = ""
    route: str = ""
    caller: Caller = ANYONE
    alias: str | None = None
    profile: str | None = None
    on_named: Callable[[RunningCall], None] | None = None
    sent: float = 0.0
    first: float = 0.0
    done: float = 0.0
    attempts: list[Attempt] = []
    first_chunks: dict[str, float] = {}
    later_chunks: dict[str, tuple[int, float]] = {}
    failovers: list[FinishedFailover] = []
    answer: LLMResponse | StreamChunk | None = None
    headers: Mapping[str, str] = {}
    failure: BaseException | None = None
    trace: ServerTrace | None = None

    def take_name(self, alias: str | None, profile: str) -> None:
        """Note what is called.

        Args:
            alias: The alias; None for a model that is called directly.
            profile: The profile.
        """
        if self.profile is None:
            self.alias, self.profile = alias, profile
            if self.on_named is not None:
                self.on_named(self)


# The call of the running task, and of those that it has started.
_watched: ContextVar[RunningCall | None] = ContextVar("llmring_watched_call", default=None)


def watched() -> RunningCall | None:
    """Return the call that is being answered; None if its facts are not kept."""
    return _watched.get()


def watch(call: RunningCall | None) -> None:
    """Keep the facts of this call from now on, in the running task.

    Args:
        call: The call; None to keep no facts.
    """
    _watched.set(call)


class WatchingObserver(CallObserver):
    """An observer of all calls of a ring, which keeps the facts of those that are watched."""

    def on_attempt_start(self, _attempt: ObservedAttempt) -> None:
        """Note the time of the first attempt."""
        call = _watched.get()
        if call is not None and not call.sent:
            call.sent = time.perf_counter()

    def on_first_content(self, attempt: ObservedAttempt) -> None:
        """Note the time of an attempt's first chunk."""
        call = _watched.get()
        if call is not None:
            call.first_chunks[attempt.target.name] = attempt.seconds

    def on_attempt_settled(self, attempt: ObservedAttempt) -> None:
        """Note the number of an attempt's chunks."""
        call = _watched.get()
        if call is not None and attempt.chunks > 1:
            name = attempt.target.name
            first = call.first_chunks.get(name)
            if first is not None:
                call.later_chunks[name] = (attempt.chunks - 1, attempt.seconds - first)

    def on_attempt_outcome(self, attempt: Attempt) -> None:
        """Keep an outcome."""
        call = _watched.get()
        if call is not None:
            call.attempts.append(attempt)
            if attempt.outcome != "skipped":
                call.done = time.perf_counter()

    def on_failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Keep the two models, and whether the answer had begun."""
        call = _watched.get()
        if call is not None:
            where: FailoverPlace = "inside" if call.first else "before"
            call.failovers.append(FinishedFailover(failed, successor, where, reason_of(error)))

    def on_chunk(self, chunk: StreamChunk) -> None:
        """Note the time of the first chunk, and keep the last one."""
        call = _watched.get()
        if call is None:
            return
        if not call.first:
            call.first = time.perf_counter()
        if chunk.message is not None:
            call.answer = chunk

    def on_answer(self, answer: LLMResponse) -> None:
        """Keep the answer."""
        call = _watched.get()
        if call is not None:
            call.answer = answer

    def on_models_done(self, error: BaseException | None) -> None:
        """Keep the error that ended the call, if there is one."""
        call = _watched.get()
        if call is not None:
            call.failure = error

    def on_failure(self, error: BaseException) -> None:
        """Keep the error that the caller gets."""
        call = _watched.get()
        if call is not None:
            call.failure = error
