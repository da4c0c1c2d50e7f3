"""What usage costs at a model's prices: tokens that are planned, and calls that were made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec import Struct

from llmring.chat.events import Usage
from llmring.registry.catalog import ModelFacts, Prices, Rates
from llmring.registry.price import Cost, Unpriced, cost_of, together


class Bill(Struct, frozen=True):
    """What calls cost together.

    Attributes:
        cost: USD of all of them, or why that can't be said.
        calls: How many calls there are.
        unpriced: How many of them are not in the cost, since their usage is not known or does
            not add up.
    """

    cost: Cost | Unpriced
    calls: int
    unpriced: int = 0


def volume(
    usage: Usage, facts: ModelFacts | None, on: date | None = None, prompt: int = 0
) -> Cost | Unpriced:
    """What this usage costs when it is spread over many calls.

    Args:
        usage: The tokens of all calls together.
        facts: The model.
        on: The day, for prices that change; the catalog's own day if left out.
        prompt: Tokens of each call's prompt, which say whether the rates are those of a long
            context.
    """
    prices = facts.prices_on(on) if facts is not None else None
    if facts is None or prices is None:
        return cost_of(usage, facts, on)
    rates = prices.rates(prompt)
    flat = Prices(**{name: getattr(rates, name) for name in Rates.__struct_fields__})
    return cost_of(usage, msgspec.structs.replace(facts, prices=flat, announced=()))


def bill(usages: Iterable[Usage | None], facts: ModelFacts | None, on: date) -> Bill:
    """What calls would cost if this model answered them, each with as many tokens as it had.

    Args:
        usages: The usage of each call; None where it is not known.
        facts: The model.
        on: The day whose prices count.
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
        return Bill(reason or Unpriced("there are no calls"), calls, unpriced)
    return Bill(total, calls, unpriced)
