"""A call of a client that has ended, in whatever way, as logs and metrics have it.

It has no text of a prompt, an answer or a header, and no name that is not in the lockfile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

CallOutcome = Literal["ok", "failed", "refused", "cancelled"]
FailoverPlace = Literal["before", "inside"]


class FinishedAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An attempt of a call to use a model.

    Attributes:
        model: The reference, "provider:model".
        outcome: As in `Attempt`.
        reason: The kind of reason, if it did not answer.
        status: The HTTP status, if there was one.
        ms: Milliseconds from sending to the outcome.
        first_ms: Milliseconds to the first chunk, if there was one.
        chunks: The chunks after the first one, if the answer was streamed.
        chunk_ms: Milliseconds that each of these took on average.
        input_tokens: Tokens of the prompt, if known.
        output_tokens: Tokens of the answer, if known.
    """

    model: str
    outcome: str
    reason: str | None = None
    status: int | None = None
    ms: float = 0.0
    first_ms: float | None = None
    chunks: int | None = None
    chunk_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class FinishedFailover(Struct, frozen=True, gc=False):
    """A model that took over from one that had failed.

    Attributes:
        failed: The reference of the failed model.
        successor: The reference of the next one.
        where: Whether the answer had begun.
        reason: The kind of failure.
    """

    failed: str = ""
    successor: str = ""
    where: FailoverPlace = "before"
    reason: str = ""


class FinishedCall(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A call that has ended.

    Attributes:
        time: The time of its begin, in UTC.
        id: The ID of the request.
        wire: The API of the client.
        operation: The kind of call, as of `RunningCall`.
        route: The path, as of `RunningCall`.
        outcome: "ok"; "failed" if no model answered, or the answer broke off; "refused" if no model
            was asked; or "cancelled" by the client.
        status: The HTTP status; None if the client was gone before.
        error: The class of the error, if there was one.
        limit: The kind of limit that it was refused for, if it was one.
        ms: Milliseconds from its head to its end.
        first_ms: Milliseconds to the first content of the answer, if there was some.
        overhead_ms: Milliseconds of these in which the gateway alone was at work.
        key: The name of the client's key, if it has one.
        team: The team of the key, if it has one.
        client: The client program, from its "user-agent".
        alias: The alias, if it called one.
        profile: The profile, if it called a model.
        model: The reference of the model that answered.
        input_tokens: Tokens of the prompts, if known.
        output_tokens: Tokens of the answers, if known.
        cached_tokens: The part of the prompts that was read from caches.
        cache_write_tokens: The part of the prompts that was written to caches.
        cost: USD, as an exact decimal text, if known.
        cost_unknown: The kind of reason why the cost, or a part of it, is not known.
        attempts: The attempts, in order.
        failovers: The models that took over from others.
        relay: The way of the answer, as in the header `x-llmring-relay`.
        cache: What the cache of answers did, as in the header `x-llmring-cache`.
        lock: The digest of the lockfile, as in the header `x-llmring-lock`.
    """

    time: datetime
    id: str
    wire: str
    operation: str = ""
    route: str = ""
    outcome: CallOutcome
    status: int | None = None
    error: str | None = None
    limit: str | None = None
    ms: float
    first_ms: float | None = None
    overhead_ms: float | None = None
    key: str | None = None
    team: str | None = None
    client: str | None = None
    alias: str | None = None
    profile: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost: str | None = None
    cost_unknown: str | None = None
    attempts: tuple[FinishedAttempt, ...] = ()
    failovers: tuple[FinishedFailover, ...] = ()
    relay: str | None = None
    cache: str | None = None
    lock: str | None = None

    @property
    def ended(self) -> datetime:
        """The time of its end, in UTC."""
        return self.time + timedelta(milliseconds=self.ms)
