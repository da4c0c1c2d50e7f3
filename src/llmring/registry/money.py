"""Prices and amounts of money as commands print them."""

from __future__ import annotations

from decimal import Decimal

from llmring.chat.cost import Cost
from llmring.lockfile.pins import plain_amount
from llmring.registry.catalog import Rates
from llmring.registry.price import Unpriced, dollars

UNKNOWN = "unknown"


def pair(rates: Rates | None) -> str:
    """Format the prices of input and output, as "$0.15/$0.60" or "unknown"."""
    return f"{dollars(rates.input)}/{dollars(rates.output)}" if rates else UNKNOWN


def before_and_after(before: str, after: str) -> str:
    """Format a change as "before → after"; only one of them if both are equal."""
    return before if before == after else f"{before} → {after}"


def priced(prices: str) -> str:
    """Add the unit to prices formatted by `pair` or `before_and_after`."""
    return prices if prices == UNKNOWN else f"{prices} per million tokens in/out"


def usd(amount: Decimal) -> str:
    """Format an amount in USD to the cent; below a dollar, at least two significant digits."""
    size = abs(amount)
    places = 2 if size == 0 or size >= 1 else max(2, 1 - size.adjusted())
    return f"{'-' if amount < 0 else ''}${size:,.{places}f}"


def signed(amount: Decimal) -> str:
    """Format an amount with its sign: "+$1.20", "-$0.30"."""
    return f"+{usd(amount)}" if amount >= 0 else usd(amount)


def plain_cost(cost: Cost | Unpriced) -> dict[str, str | None]:
    """Convert a cost to JSON-compatible data: an exact string, or the reason it is unknown."""
    if isinstance(cost, Unpriced):
        return {"cost": None, "reason": cost.reason}
    return {"cost": plain_amount(cost), "reason": None}
