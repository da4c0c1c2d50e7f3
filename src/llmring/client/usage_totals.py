"""Usage and cost of several answers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.registry.price import together

_COUNTS = tuple(name for name in Usage.__struct_fields__ if name != "service_tier")


def total_usage(usages: Iterable[Usage | None]) -> Usage | None:
    """Add up the tokens of several answers; None if those of one are unknown."""
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
    """Add up costs; return the sum and its remarks, or None and why one cost is unknown.

    Args:
        costs: Each cost with its remark, or None with the reason.
        each: The word for one of several in that reason, such as "turn".
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
    """Join two remarks, without repeating one that is already there."""
    if first is None or second is None:
        return first or second
    return first if second in first.split("; ") else f"{first}; {second}"
