"""A row of a batch with its answer, as a program gets it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow
from llmring.plain_data import PlainData


class BatchRow(PlainData, Struct, frozen=True, kw_only=True):
    """A row of a batch with its answer, or with the reason why it has none.

    Attributes:
        id: The row's ID.
        row: The row itself.
        text: The answer's text; for a failure, what came, if anything did.
        parsed: The answer in the type of `schema`, or as plain values; None without a schema.
        vectors: The embeddings, one for each text.
        error: Why it failed; None for an answer.
        error_class: The name of the error's class.
        http_status: The HTTP status of the failure, if there was a response.
        model: The model that answered, "provider:model".
        served_model: The provider's own name for it.
        finish_reason: As for `LLMResponse`.
        tokens_in: Tokens of the prompt; None if unknown.
        tokens_out: Tokens of the answer; None if unknown.
        cost: USD for all attempts; None if unknown, or if nothing was charged.
        cost_reason: Why the cost is unknown or not exact.
        attempts: How many requests were sent for it.
        ms: Milliseconds of the call that answered, without waiting for its turn.
        same_as: The ID of the row whose equal request was asked instead.
    """

    __module__ = "llmring"

    id: str
    row: Mapping[str, Any]
    text: str | None = None
    parsed: Any = None
    vectors: list[list[float]] | None = None
    error: str | None = None
    error_class: str | None = None
    http_status: int | None = None
    model: str | None = None
    served_model: str | None = None
    finish_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    attempts: int = 0
    ms: float = 0.0
    same_as: str | None = None

    @property
    def ok(self) -> bool:
        """True if the row has an answer."""
        return self.error is None


_SHARED = [name for name in BatchRow.__struct_fields__ if name not in ("row", "parsed")]


def batch_row(outcome: RowOutcome, row: InputRow, parsed: object) -> BatchRow:
    """Return a row with its outcome.

    Args:
        outcome: The outcome.
        row: The row.
        parsed: The answer in the type that was asked for; None to take it from the outcome.
    """
    fields = {name: getattr(outcome, name) for name in _SHARED}
    if outcome.status == "ok":
        fields["error"] = None
    else:
        fields["error"] = outcome.error or outcome.error_class or "failed"
    return BatchRow(row=row.values, parsed=outcome.parsed if parsed is None else parsed, **fields)
