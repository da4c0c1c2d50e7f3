"""The cost of planned tokens or of past calls at a model's prices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec import Struct

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.registry.catalog import ModelFacts, Prices, Rates
from llmring.registry.price import Unpriced, cost_of, together


class UsageCost(Struct, frozen=True):
    """The total cost of several calls.

    Attributes:
        cost: The total in USD, or the reason why it is unknown.
        calls: The number of calls.
        unpriced: The number of calls that the cost leaves out because their usage is unknown or
            inconsistent.
    """

    cost: Cost | Unpriced
    calls: int
    unpriced: int = 0


def volume(
    usage: Usage, facts: ModelFacts | None, on: date | None = None, prompt: int = 0
) -> Cost | Unpriced:
    """Compute the cost of usage that is spread over many calls.

    Args:
        usage: The tokens of all calls together.
        facts: The model.
        on: The day, for prices that change; None for the catalog's day.
        prompt: The size of each call's prompt in tokens, which decides whether long-context
            rates apply.
    """
    prices = facts.prices_on(on) if facts is not None else None
    if facts is None or prices is None:
        return cost_of(usage, facts, on)
    rates = prices.rates(prompt)
    flat = Prices(**{name: getattr(rates, name) for name in Rates.__struct_fields__})
    return cost_of(usage, msgspec.structs.replace(facts, prices=flat, announced=()))


def usage_cost(usages: Iterable[Usage | None], facts: ModelFacts | None, on: date) -> UsageCost:
    """Compute the cost of calls as if a model had answered them with the same token counts.

    Args:
        usages: The usage of each call; None if it is unknown.
        facts: The model.
        on: The day whose prices apply.
    """
    total: Cost | None = None
    reason: Unpriced | None = None
    calls = unpriced = 0
    for usage in usages:
        calls += 1
        cost = cost_of(usage, facts, on)
        if isinstance(cost, Unpriced):
            reason = cost
            unpriced += 1
        else:
            total = cost if total is None else together(total, cost)
    if total is None:
        return UsageCost(reason or Unpriced("no calls were made"), calls, unpriced)
    return UsageCost(total, calls, unpriced)
