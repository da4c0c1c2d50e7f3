"""The outcome of a row, as the job's journal keeps it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct


class RowOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of a row: an answer, or a failure.

    Attributes:
        id: The row's ID.
        ordinal: The row's place in the input.
        digest: The digest of its request.
        status: "ok" or "failed".
        text: The answer's text; for a failure, what came, if anything did.
        parsed: The answer as plain values, if a schema was asked for.
        vectors: The embeddings, one for each text.
        error: Why it failed, with keys masked.
        error_class: The name of the error's class.
        http_status: The HTTP status of the failure, if there was a response.
        passing: True if the same request may succeed later.
        model: The model that answered, "provider:model".
        served_model: The provider's own name for it.
        finish_reason: As for `LLMResponse`.
        tokens_in: Tokens of the prompt; None if unknown.
        tokens_out: Tokens of the answer; None if unknown.
        tokens_cached: Tokens of the prompt that were read from the vendor's cache.
        cost: USD for all attempts; None if unknown.
        cost_reason: Why the cost is unknown or not exact.
        attempts: How many requests were sent for it.
        ms: Milliseconds of the call that answered, without waiting for its turn.
        same_as: The ID of the row whose equal request was asked instead.
        vendor_batch: The ID of the vendor's batch that it came with.
    """

    id: str
    ordinal: int
    digest: str
    status: Literal["ok", "failed"]
    text: str | None = None
    parsed: Any = None
    vectors: list[list[float]] | None = None
    error: str | None = None
    error_class: str | None = None
    http_status: int | None = None
    passing: bool = False
    model: str | None = None
    served_model: str | None = None
    finish_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int = 0
    cost: Decimal | None = None
    cost_reason: str | None = None
    attempts: int = 0
    ms: float = 0.0
    same_as: str | None = None
    vendor_batch: str | None = None
