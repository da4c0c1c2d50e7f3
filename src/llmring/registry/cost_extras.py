"""The cost of a call beyond its tokens at usual prices, as far as budgets count it.

The catalog has no prices for it, so these are the dearest usual ones. Prices of tools:
https://platform.openai.com/docs/pricing, https://platform.claude.com/docs/en/about-claude/pricing,
https://ai.google.dev/gemini-api/docs/pricing; of service classes: the same pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import ProviderTool

# USD for one use of a provider's own tool, such as a search of the web.
USE_USD = Decimal("0.014")
# The price of a service class as a multiple of the usual one.
_FACTORS: Mapping[str, Decimal] = {"priority": Decimal(2), "fast": Decimal(6)}
# A request that allows more uses seldom makes them.
_MOST_USES = 10


class CostExtras(Struct, frozen=True):
    """The cost of a call beyond its tokens at usual prices.

    Attributes:
        uses: The uses of the provider's own tools.
        tier: The service class, if it is not the usual one.
    """

    uses: int = 0
    tier: str | None = None

    def added_to(self, cost: Decimal) -> Decimal:
        """Return the cost of a call whose tokens cost this much at usual prices."""
        factor = _FACTORS.get(self.tier.lower()) if self.tier else None
        whole = cost if factor is None else cost * factor
        return whole + self.uses * USE_USD if self.uses else whole


NO_EXTRAS = CostExtras()


def asked_extras(request: ParsedRequest) -> CostExtras:
    """Return what a request may cost more."""
    uses = sum(_most_uses(tool.definition) for tool in request.tools if type(tool) is ProviderTool)
    tier = None
    for fields in (request.extra_params, {} if request.own is None else request.own.fields):
        for name in ("service_tier", "serviceTier", "speed"):
            if isinstance(fields.get(name), str):
                tier = fields[name]
    return CostExtras(uses, tier) if uses or tier else NO_EXTRAS


def used_extras(usage: Usage | None) -> CostExtras:
    """Return what an answer has cost more."""
    if usage is None:
        return NO_EXTRAS
    return CostExtras(usage.provider_tool_calls, usage.service_tier)


def _most_uses(definition: Mapping[str, Any]) -> int:
    uses = definition.get("max_uses")
    return min(uses, _MOST_USES) if isinstance(uses, int) and uses > 0 else 1
