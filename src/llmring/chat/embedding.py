"""The result of embedding texts."""

from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import CostParts, part_cost, with_cost
from llmring.chat.events import Usage
from llmring.chat.response import Attempt
from llmring.plain_data import PlainData


@with_cost
class EmbeddingResponse(PlainData, Struct, kw_only=True):
    """Vectors for a list of texts, all from one model.

    Attributes:
        vectors: One vector for each text, in the order of the texts.
        model: The model that made them, "provider:model".
        usage: Tokens used, or None if the provider did not report them.
        cost: Cost in USD, or None if unknown.
        cost_reason: Why the cost is unknown.
        cost_parts: The parts of `cost` in USD; None if unknown.
        attempts: Every model that was tried or skipped, in order, for each batch of texts.
    """

    __module__ = "llmring"

    vectors: list[list[float]]
    model: str
    usage: Usage | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    cost_parts: CostParts | None = None
    attempts: tuple[Attempt, ...] = ()

    def __post_init__(self) -> None:
        part_cost(self)

    @property
    def dimensions(self) -> int:
        """The number of dimensions of each vector."""
        return len(self.vectors[0])
