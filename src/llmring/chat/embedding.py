"""What comes of having texts embedded."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.response import Attempt


class EmbeddingResponse(Struct, kw_only=True):
    """The vectors of some texts, all of one model.

    Attributes:
        vectors: One for each text, in the order of the texts.
        model: The reference that gave them, "provider:model".
        usage: Tokens, or None where the provider did not say.
        cost: USD, or None where it is not known.
        cost_reason: Why the cost is not known.
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
        """How many numbers each vector has."""
        return len(self.vectors[0])
