"""What a call has cost: its usage at the model's prices, or why that can't be said."""

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal
from typing import Any, Self

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.registry.catalog import ModelFacts, Rates

# An application may have set the thread's decimal context to few digits; costs stay exact.
_EXACT = Context(prec=60)


class Cost(Decimal):
    """USD of a whole call; a number, and its parts.

    Attributes:
        input: Of the prompt's tokens that met no cache.
        cached_input: Of those read from a cache.
        cache_write: Of those written to a cache.
        output: Of the answer, reasoning included.
    """

    __slots__ = ("cache_write", "cached_input", "input", "output")

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal

    def __new__(
        cls, fresh: Decimal, cached_input: Decimal, cache_write: Decimal, output: Decimal
    ) -> Self:
        """The sum of its parts, in USD; `fresh` are the prompt's tokens that met no cache."""
        total = Decimal(0)
        for part in (fresh, cached_input, cache_write, output):
            total = _EXACT.add(total, part)
        self = super().__new__(cls, total)
        self.input = fresh
        self.cached_input = cached_input
        self.cache_write = cache_write
        self.output = output
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Cost, (self.input, self.cached_input, self.cache_write, self.output)


def together(first: Cost, second: Cost) -> Cost:
    """What two calls have cost."""
    names = ("input", "cached_input", "cache_write", "output")
    return Cost(*(_EXACT.add(getattr(first, name), getattr(second, name)) for name in names))


class Unpriced(Struct, frozen=True):
    """Why the cost of a call is not known."""

    reason: str


def cost_of(
    usage: Usage | None, facts: ModelFacts | None, on: date | None = None
) -> Cost | Unpriced:
    """What a call with this usage costs.

    A prompt longer than the model's long-context threshold puts the whole request, answer
    included, at the long-context rates. Tokens read from or written to a cache cost as much as
    any input where the vendor has no price of its own for them.

    Args:
        usage: The tokens that the provider reported.
        facts: The model that answered.
        on: The day of the call, for prices that change; the catalog's own day if left out.
    """
    if usage is None:
        return Unpriced("the provider reported no usage")
    if facts is None:
        return Unpriced("the model is not in the catalog")
    prices = facts.prices_on(on)
    if prices is None:
        return Unpriced(f"the catalog has no price for {facts}")
    fresh = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens
    if fresh < 0:
        return Unpriced(
            f"the reported usage does not add up: of {usage.prompt_tokens} prompt tokens, "
            f"{usage.cached_tokens} read from and {usage.cache_write_tokens} written to a cache"
        )
    rates = prices.rates(usage.prompt_tokens)
    return Cost(
        fresh=_usd(fresh, rates.input),
        cached_input=_usd(usage.cached_tokens, _or_input(rates.cached_input, rates)),
        cache_write=_usd(usage.cache_write_tokens, _or_input(rates.cache_write, rates)),
        output=_usd(usage.completion_tokens, rates.output),
    )


def _or_input(rate: Decimal | None, rates: Rates) -> Decimal:
    return rates.input if rate is None else rate


def _usd(tokens: int, per_million: Decimal) -> Decimal:
    return _EXACT.scaleb(_EXACT.multiply(Decimal(tokens), per_million), -6)


def price_tag(rates: Rates) -> str:
    """The prices of input and output in words: "$0.15/$0.60 per million tokens"."""
    return f"{dollars(rates.input)}/{dollars(rates.output)} per million tokens"


def dollars(amount: Decimal) -> str:
    """An amount with at least two decimals, and as many more as it has."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2}"
