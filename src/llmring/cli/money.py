"""Prices and amounts of money as commands show them."""

from __future__ import annotations

from decimal import Decimal

from llmring.lockfile.pins import plain_amount
from llmring.registry.catalog import Rates
from llmring.registry.price import Cost, Unpriced, dollars

UNKNOWN = "unknown"


def pair(rates: Rates | None) -> str:
    """The prices of input and output: "$0.15/$0.60"; such as are not known are said to be so."""
    return f"{dollars(rates.input)}/{dollars(rates.output)}" if rates else UNKNOWN


def then(before: str, after: str) -> str:
    """What something is and will be; once where that is the same."""
    return before if before == after else f"{before} → {after}"


def priced(prices: str) -> str:
    """One or two of such pairs with their unit."""
    return prices if prices == UNKNOWN else f"{prices} per million tokens in/out"


def usd(amount: Decimal) -> str:
    """An amount to the cent; a smaller one to its second digit that is not 0."""
    size = abs(amount)
    places = 2 if size == 0 or size >= 1 else max(2, 1 - size.adjusted())
    return f"{'-' if amount < 0 else ''}${size:,.{places}f}"


def signed(amount: Decimal) -> str:
    """An amount that is added or saved: "+$1.20", "-$0.30"."""
    return f"+{usd(amount)}" if amount >= 0 else usd(amount)


def plain_cost(cost: Cost | Unpriced) -> dict[str, str | None]:
    """A cost for programs: exact, as a text; or why it is not known."""
    if isinstance(cost, Unpriced):
        return {"cost": None, "reason": cost.reason}
    return {"cost": plain_amount(cost), "reason": None}
