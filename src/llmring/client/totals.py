"""Usage and cost of several answers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from llmring.chat.events import Usage
from llmring.registry.price import Cost


def total_usage(usages: Iterable[Usage | None]) -> Usage | None:
    """The tokens of all; None where one is not known."""
    totals = dict.fromkeys(Usage.__struct_fields__, 0)
    for usage in usages:
        if usage is None:
            return None
        for name in totals:
            totals[name] += getattr(usage, name)
    return Usage(**totals)


def total_cost(
    costs: Sequence[tuple[Decimal | None, str | None]], each: str
) -> tuple[Decimal | None, str | None]:
    """The cost of all; None, and why, where one is not known.

    Args:
        costs: The cost of each, or None with the reason.
        each: What one of them is called in that reason.
    """
    known = []
    for number, (cost, reason) in enumerate(costs, 1):
        if not isinstance(cost, Cost):
            return None, f"{each} {number}: {reason}" if len(costs) > 1 else reason
        known.append(cost)
    parts = ("input", "cached_input", "cache_write", "output")
    return Cost(*(sum((getattr(cost, part) for cost in known), Decimal(0)) for part in parts)), None
