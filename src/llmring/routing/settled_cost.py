"""The cost of an attempt: by the catalog's prices, or else as its server reports it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import EXACT, Cost
from llmring.chat.events import Usage
from llmring.dialects.reported_cost import ReportedCost
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import Unpriced, caveat, cost_of, dollars

_ZERO = Decimal(0)

# Servers round amounts; as in the catalog, a smaller difference than this counts as rounding.
_ROUNDING = Decimal("0.005")


class SettledCost(Struct, frozen=True):
    """The cost of an attempt.

    Attributes:
        cost: The cost in USD; None if it is unknown.
        reason: Why it is unknown or not exact, or who reports it.
        note: A remark for the attempt if the server's amount and the catalog's differ.
    """

    cost: Cost | None
    reason: str | None = None
    note: str | None = None


def settled_cost(
    usage: Usage | None, facts: ModelFacts | None, day: date, reported: ReportedCost | None
) -> SettledCost:
    """Work out the cost of an attempt.

    Args:
        usage: The tokens that the provider reported.
        facts: The model that answered.
        day: The day of the call, for prices that change.
        reported: The cost that the server reports, if any.
    """
    cost = cost_of(usage, facts, day)
    if isinstance(cost, Unpriced):
        if reported is None:
            return SettledCost(None, cost.reason)
        whole = Cost(_ZERO, _ZERO, _ZERO, _ZERO, reported.usd)
        return SettledCost(whole, f"as reported by the provider ({reported.field})")
    doubt = None if usage is None else caveat(usage)
    if reported is None or _agree(cost, reported.usd):
        return SettledCost(cost, doubt)
    other = f"the provider reports {dollars(reported.usd)} ({reported.field})"
    note = f"{other}; the cost by the catalog's prices is {dollars(cost)}"
    return SettledCost(cost, other if doubt is None else f"{doubt}; {other}", note)


def _agree(cost: Decimal, other: Decimal) -> bool:
    difference = EXACT.abs(EXACT.subtract(cost, other))
    return difference <= EXACT.multiply(_ROUNDING, max(cost, other))
