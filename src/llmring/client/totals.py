"""Usage and cost of several answers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from llmring.chat.events import Usage
from llmring.registry.price import Cost, together

_COUNTS = tuple(name for name in Usage.__struct_fields__ if name != "service_tier")


def total_usage(usages: Iterable[Usage | None]) -> Usage | None:
    """The tokens of all; None where one is not known."""
    totals = dict.fromkeys(_COUNTS, 0)
    tiers: dict[str, None] = {}
    for usage in usages:
        if usage is None:
            return None
        for name in _COUNTS:
            totals[name] += getattr(usage, name)
        if usage.service_tier is not None:
            tiers[usage.service_tier] = None
    return Usage(**totals, service_tier=", ".join(tiers) or None)


def total_cost(
    costs: Sequence[tuple[Decimal | None, str | None]], each: str | None = None
) -> tuple[Cost | None, str | None]:
    """The cost of all, and what in it is not exact; None, and why, where one is not known.

    Args:
        costs: The cost of each with what is to be said of it, or None with the reason.
        each: What one of them is called in that reason, where there are several.
    """
    known: list[Cost] = []
    remarks: str | None = None
    for number, (cost, reason) in enumerate(costs, 1):
        if not isinstance(cost, Cost):
            return None, f"{each} {number}: {reason}" if each and len(costs) > 1 else reason
        known.append(cost)
        remarks = both(remarks, reason)
    return together(*known), remarks


def both(first: str | None, second: str | None) -> str | None:
    """Two remarks as one; what was said already is not repeated."""
    if first is None or second is None:
        return first or second
    return first if second in first.split("; ") else f"{first}; {second}"
