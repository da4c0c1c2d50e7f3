"""What the ledger says of one call."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from llmring.chat.events import Usage

Kind = Literal["chat", "embed"]
Outcome = Literal["ok", "failed", "cancelled", "refused"]


class Told(Struct, frozen=True, omit_defaults=True):
    """One attempt of a call, without anybody's words.

    Attributes:
        model: The reference, "provider:model".
        outcome: As in `Attempt`: "ok", "failed", "skipped" or "dropped".
        ms: Milliseconds from sending to the outcome.
        status: HTTP status, where there was a response.
        reason: The class of the error, where it failed or was skipped.
    """

    model: str
    outcome: str
    ms: float = 0.0
    status: int | None = None
    reason: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One call.

    Attributes:
        id: Its own in this ledger; IDs of later calls sort after those of earlier ones.
        at: When it began, in UTC.
        kind: What was asked for.
        alias: The alias that was called; None where the call named a model itself.
        profile: The profile of the lockfile that was in force.
        model: The reference that answered, "provider:model"; None where none did.
        served_model: The name that the provider itself gave for that model.
        usage: Tokens; None where they are not known.
        cost: USD; None where it is not known.
        cost_reason: Why the cost is not known, or what in it is an estimate. A failed call has
            neither where the models refused it, so that there is nothing to pay for.
        ms: Milliseconds from the call to its end.
        first_ms: Milliseconds from the call to the first piece of a streamed answer.
        attempts: How often a model was asked.
        story: Every model that was asked or skipped, in order.
        outcome: "refused" are calls that the lockfile itself does not allow.
        error: The class of the error that the caller got.
        finish_reason: As in `LLMResponse`.
        stream: Whether the answer was to be streamed.
        tags: The application's own words for it; those given as a mapping read "key=value".
        digest: The digest of the facts that the lockfile had pinned.
        prompt: The messages as JSON, where texts are entered too.
        answer: The answer's text, where texts are entered too.
    """

    id: str
    at: datetime
    kind: Kind
    alias: str | None = None
    profile: str
    model: str | None = None
    served_model: str | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    ms: float
    first_ms: float | None = None
    attempts: int = 0
    story: tuple[Told, ...] = ()
    outcome: Outcome = "ok"
    error: str | None = None
    finish_reason: str | None = None
    stream: bool = False
    tags: tuple[str, ...] = ()
    digest: str | None = None
    prompt: str | None = None
    answer: str | None = None

    @property
    def fell_back(self) -> bool:
        """Whether another model answered than the first one."""
        return self.model is not None and bool(self.story) and self.story[0].model != self.model
