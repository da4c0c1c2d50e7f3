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
_NOTHING = Decimal(0)


class Cost(Decimal):
    """USD of a whole call; a number, and its parts.

    Attributes:
        input: Of the prompt's tokens that met no cache, sound included.
        cached_input: Of those read from a cache.
        cache_write: Of those written to a cache, for however long.
        output: Of the answer, reasoning and sound included.
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
            if part:
                total = _EXACT.add(total, part)
        self = super().__new__(cls, total)
        self.input = fresh
        self.cached_input = cached_input
        self.cache_write = cache_write
        self.output = output
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Cost, (self.input, self.cached_input, self.cache_write, self.output)


def together(first: Cost, *others: Cost) -> Cost:
    """What several calls have cost."""
    total = first
    for other in others:
        total = Cost(
            _EXACT.add(total.input, other.input),
            _EXACT.add(total.cached_input, other.cached_input),
            _EXACT.add(total.cache_write, other.cache_write),
            _EXACT.add(total.output, other.output),
        )
    return total


class Unpriced(Struct, frozen=True):
    """Why the cost of a call is not known."""

    reason: str


def cost_of(
    usage: Usage | None, facts: ModelFacts | None, on: date | None = None
) -> Cost | Unpriced:
    """What a call with this usage costs.

    A prompt longer than the model's long-context threshold puts the whole request, answer
    included, at the long-context rates. Tokens that the vendor has no price of its own for cost
    as `Rates` says. What the tokens do not tell of the price, `caveat` does.

    Args:
        usage: The tokens that the provider reported.
        facts: The model that answered.
        on: The day of the call, for prices that change; the catalog's own day if left out.
    """
    if usage is None:
        return Unpriced("the provider reported no usage")
    if facts is None:
        return Unpriced("the model is not in the catalog")
    prices = facts.prices_on(on) if facts.announced else facts.prices
    if prices is None:
        return Unpriced(f"the catalog has no price for {facts}")
    has_kinds = _has_kinds(usage)
    if (contradiction := _contradiction(usage, has_kinds=has_kinds)) is not None:
        return Unpriced(f"the reported usage does not add up: {contradiction}")
    rates = prices if prices.long_context is None else prices.rates(usage.prompt_tokens)
    return _of_all_kinds(usage, rates) if has_kinds else _of_text(usage, rates)


def caveat(usage: Usage) -> str | None:
    """What of a call's price its tokens do not tell, so that the cost is not exact."""
    doubts = []
    if usage.service_tier is not None:
        doubts.append(f"at the usual prices, though it was served as {usage.service_tier!r}")
    if usage.provider_tool_calls:
        uses = f"{usage.provider_tool_calls} use" + "s" * (usage.provider_tool_calls > 1)
        doubts.append(f"without what the provider charges for {uses} of its own tools")
    if usage.image_completion_tokens:
        doubts.append(f"with {usage.image_completion_tokens} tokens of images priced as text")
    return "; ".join(doubts) or None


def _has_kinds(usage: Usage) -> bool:
    """Whether there are tokens that may have a price of their own beside those of plain text."""
    return bool(
        usage.cache_write_1h_tokens
        or usage.audio_prompt_tokens
        or usage.cached_audio_tokens
        or usage.audio_completion_tokens
    )


# Each count, and one that it is a part of.
_WITHIN = (
    ("cache_write_1h_tokens", "cache_write_tokens"),
    ("cached_audio_tokens", "cached_tokens"),
    ("cached_audio_tokens", "audio_prompt_tokens"),
    ("audio_prompt_tokens", "prompt_tokens"),
    ("audio_completion_tokens", "completion_tokens"),
)


def _contradiction(usage: Usage, *, has_kinds: bool) -> str | None:
    """Two counts that can't both be right."""
    cached, written = usage.cached_tokens, usage.cache_write_tokens
    if cached + written > usage.prompt_tokens or min(cached, written, usage.completion_tokens) < 0:
        return (
            f"of {usage.prompt_tokens} prompt tokens, {cached} read from and {written} written to "
            f"a cache, and {usage.completion_tokens} tokens of an answer"
        )
    if has_kinds:
        for part, whole in _WITHIN:
            if not 0 <= usage[part] <= usage[whole]:
                return f"{usage[part]} {part} of {usage[whole]} {whole}"
    return None


def _of_text(usage: Usage, rates: Rates) -> Cost:
    cached, written = usage.cached_tokens, usage.cache_write_tokens
    return Cost(
        fresh=_usd(usage.prompt_tokens - cached - written, rates.input),
        cached_input=_usd(cached, _first(rates.cached_input, rates.input)) if cached else _NOTHING,
        cache_write=_usd(written, _first(rates.cache_write, rates.input)) if written else _NOTHING,
        output=_usd(usage.completion_tokens, rates.output),
    )


def _of_all_kinds(usage: Usage, rates: Rates) -> Cost:
    """The cost where sound has prices of its own, and what a cache keeps for an hour."""
    text = _of_text(usage, rates)
    cached = _first(rates.cached_input, rates.input)
    write = _first(rates.cache_write, rates.input)
    fresh = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens
    # Where nobody tells what of the sound met a cache, as much as possible of it has met none.
    sound = min(usage.audio_prompt_tokens - usage.cached_audio_tokens, fresh)
    sound_rate = _first(rates.input_audio, rates.input)
    cached_sound_rate = _first(rates.cached_audio, rates.cached_input, sound_rate)
    return Cost(
        fresh=_moved(text.input, sound, rates.input, sound_rate),
        cached_input=_moved(
            text.cached_input, usage.cached_audio_tokens, cached, cached_sound_rate
        ),
        cache_write=_moved(
            text.cache_write,
            usage.cache_write_1h_tokens,
            write,
            _first(rates.cache_write_1h, write),
        ),
        output=_moved(
            text.output,
            usage.audio_completion_tokens,
            rates.output,
            _first(rates.output_audio, rates.output),
        ),
    )


def _moved(amount: Decimal, tokens: int, rate: Decimal, other: Decimal) -> Decimal:
    """An amount in which so many tokens cost one rate, put right for their costing another."""
    return _EXACT.add(amount, _usd(tokens, _EXACT.subtract(other, rate)))


def _first(rate: Decimal | None, *others: Decimal | None) -> Decimal:
    """The first rate that there is; a rate of 0 is one."""
    if rate is not None:
        return rate
    return next(each for each in others if each is not None)


def _usd(tokens: int, per_million: Decimal) -> Decimal:
    return _scaled(_multiplied(tokens, per_million), -6) if tokens else _NOTHING


_multiplied, _scaled = _EXACT.multiply, _EXACT.scaleb


def price_tag(rates: Rates) -> str:
    """The prices of input and output in words: "$0.15/$0.60 per million tokens"."""
    return f"{dollars(rates.input)}/{dollars(rates.output)} per million tokens"


def dollars(amount: Decimal) -> str:
    """An amount with at least two decimals, and as many more as it has."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2}"
