"""Rates of vendors' batch APIs, as factors of the usual prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import EXACT, Cost

# The name that vendors give to this service class.
BATCH_TIER = "batch"

_HALF = Decimal("0.5")
_WHOLE = Decimal(1)


class BatchRate(Struct, frozen=True, kw_only=True):
    """The price of a model in batches.

    Attributes:
        factor: The price of tokens as a multiple of the usual one.
        cached: The same for tokens read from or written to a cache; None for `factor`.
        source: The page with the rate.
        read: The day on which the page was read.
    """

    factor: Decimal
    cached: Decimal | None = None
    source: str
    read: date

    def applied(self, cost: Cost) -> Cost:
        """Return the cost in a batch of what costs this much live."""
        cached = self.factor if self.cached is None else self.cached
        return Cost(
            EXACT.multiply(cost.input, self.factor),
            EXACT.multiply(cost.cached_input, cached),
            EXACT.multiply(cost.cache_write, cached),
            EXACT.multiply(cost.output, self.factor),
            cost.reported,
        )


_READ = date(2026, 12, 1)

# By provider, for all models without a rate of their own. Groq's pages disagree on its rate.
_RATES: Mapping[str, BatchRate] = {
    "openai": BatchRate(
        factor=_HALF, source="https://developers.openai.com/api/docs/guides/batch", read=_READ
    ),
    # The discounts for cached tokens and for batches stack.
    "anthropic": BatchRate(
        factor=_HALF,
        source="https://platform.claude.com/docs/en/build-with-claude/batch-processing",
        read=_READ,
    ),
    # Cached tokens cost as much as in live requests.
    "google": BatchRate(
        factor=_HALF,
        cached=_WHOLE,
        source="https://ai.google.dev/gemini-api/docs/batch-api",
        read=_READ,
    ),
    "mistral": BatchRate(
        factor=_HALF, source="https://docs.mistral.ai/studio-api/batch-processing", read=_READ
    ),
    # Models that its page does not list are at the usual price.
    "together": BatchRate(
        factor=_WHOLE, source="https://docs.together.ai/docs/inference/batch/overview", read=_READ
    ),
}

# By provider and model.
_OF_MODELS: Mapping[tuple[str, str], BatchRate] = {
    ("together", model): BatchRate(
        factor=_HALF, source="https://docs.together.ai/docs/inference/batch/overview", read=_READ
    )
    for model in (
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "meta-llama/Llama-3-70b-chat-hf",
        "Qwen/Qwen2.5-7B-Instruct-Turbo",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "zai-org/GLM-4.5-Air-FP8",
    )
}


def batch_rate(provider: str, model: str) -> BatchRate | None:
    """Return the rate of a model in batches; None if it is not known."""
    return _OF_MODELS.get((provider, model)) or _RATES.get(provider)


def is_batch(tier: str) -> bool:
    """Check if a service class, or one of several, is that of batches."""
    return BATCH_TIER in tier.split(", ")


def apart_from_batch(tier: str) -> str:
    """Return the service classes without that of batches; empty without others."""
    return ", ".join(each for each in tier.split(", ") if each != BATCH_TIER)
