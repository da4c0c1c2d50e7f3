"""The result of embedding texts."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.response import Attempt


class EmbeddingResponse(Struct, kw_only=True):
    """Vectors for a list of texts, all from one model.

    Attributes:
        vectors: One vector for each text, in the order of the texts.
        model: The model that made them, "provider:model".
        usage: Tokens used, or None if the provider did not report them.
        cost: Cost in USD, or None if unknown.
        cost_reason: Why the cost is unknown.
        attempts: Every model that was tried or skipped, in order, for each batch of texts.
    """

    vectors: list[list[float]]
    model: str
    usage: Usage | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def dimensions(self) -> int:
        """The number of dimensions of each vector."""
        return len(self.vectors[0])
