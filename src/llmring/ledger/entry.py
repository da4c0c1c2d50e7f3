"""The ledger's entry for one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.parsed_request import Relay

Kind = Literal["chat", "embed"]
Outcome = Literal["ok", "failed", "cancelled", "refused"]


class LoggedAttempt(Struct, frozen=True, omit_defaults=True):
    """One attempt of a call, without its texts.

    Attributes:
        model: The reference, "provider:model".
        outcome: As in `Attempt`: "ok", "failed", "skipped" or "dropped".
        ms: Milliseconds from sending to the outcome.
        status: HTTP status, if there was a response.
        reason: Class of the error, if it failed or was skipped.
    """

    model: str
    outcome: str
    ms: float = 0.0
    status: int | None = None
    reason: str | None = None


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One call.

    Attributes:
        id: Unique in this ledger; IDs of later calls sort after those of earlier ones.
        at: Start of the call, in UTC.
        kind: The kind of call.
        alias: The alias that was called; None if the call named a model.
        profile: The profile of the lockfile that was used.
        model: The reference that answered, "provider:model"; None if no model did.
        served_model: The provider's own name for that model.
        usage: Tokens; None if unknown.
        cost: USD; None if unknown. Of a cancelled call, the part that is known.
        cost_reason: Why the cost is unknown, or which part of it is an estimate or missing. A call
            without an answer has neither cost nor reason if nothing was billed, because every
            model refused it or none was asked.
        ms: Milliseconds from the call to its end.
        first_ms: Milliseconds from the call to the first piece of a streamed answer.
        attempts: Number of requests to models.
        story: Every model that was tried or skipped, in order.
        outcome: "refused" marks calls that the lockfile itself does not allow.
        error: Class of the error that the caller got.
        finish_reason: As in `LLMResponse`.
        stream: True if a streamed answer was requested.
        tags: The application's tags; those given as a mapping read "key=value".
        digest: Digest of the model facts pinned by the lockfile.
        prompt: The messages as JSON, if the ledger keeps texts.
        answer: The answer's text, if the ledger keeps texts.
        project: The identity of the lockfile: its name, or else its path; in a database that
            machines share, preceded by the host and a colon. None in entries of earlier versions.
        lockfile: The lockfile's path on the machine that made the call.
        key: The name of the gateway's key that the client gave; as the rest, of a gateway's calls
            alone.
        team: The team of the key.
        wire: The API that the client speaks.
        client: The client program and its version.
        session: The client's own ID of the conversation.
        request_id: The ID of the client's request, which is in the headers of its answer.
        relay: How much of the client's request or of the answer stayed as it came; None if no
            model answered.
        notes: What was changed in the client's request for the model that answered.
        cache: How the cache of answers took part, such as "hit" or "miss"; None without a cache.
        saved: USD that a cached answer has cost before.

    `project` and `lockfile` hold no characters that a database does not store.
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
    story: tuple[LoggedAttempt, ...] = ()
    outcome: Outcome = "ok"
    error: str | None = None
    finish_reason: str | None = None
    stream: bool = False
    tags: tuple[str, ...] = ()
    digest: str | None = None
    prompt: str | None = None
    answer: str | None = None
    project: str | None = None
    lockfile: str | None = None
    key: str | None = None
    team: str | None = None
    wire: str | None = None
    client: str | None = None
    session: str | None = None
    request_id: str | None = None
    relay: Relay | None = None
    notes: tuple[str, ...] = ()
    cache: str | None = None
    saved: Decimal | None = None

    @property
    def fell_back(self) -> bool:
        """True if a model other than the first one answered."""
        return fell_back(self.model, self.story)


def fell_back(model: str | None, story: Sequence[LoggedAttempt]) -> bool:
    """Return True if the model that answered is not the first that was tried or skipped."""
    return model is not None and bool(story) and story[0].model != model
