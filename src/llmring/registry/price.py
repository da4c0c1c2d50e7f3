"""The cost of a call: its usage at the model's prices, or the reason why it is unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import EXACT, Cost
from llmring.chat.events import Usage
from llmring.registry.batch_rates import apart_from_batch, batch_rate, is_batch
from llmring.registry.catalog import ModelFacts, Rates

_NOTHING = Decimal(0)


def together(first: Cost, *others: Cost) -> Cost:
    """Add the costs of several calls."""
    total = first
    for other in others:
        total = Cost(
            EXACT.add(total.input, other.input),
            EXACT.add(total.cached_input, other.cached_input),
            EXACT.add(total.cache_write, other.cache_write),
            EXACT.add(total.output, other.output),
            EXACT.add(total.reported, other.reported),
        )
    return total


class Unpriced(Struct, frozen=True):
    """The reason why the cost of a call is unknown."""

    reason: str


def cost_of(
    usage: Usage | None, facts: ModelFacts | None, on: date | None = None
) -> Cost | Unpriced:
    """Compute the cost of a call.

    If the prompt exceeds the model's long-context threshold, the long-context rates apply to the
    whole request, answer included. Usage of the service class "batch" is priced at the batch rate.
    For tokens without a rate of their own see `Rates`; for charges that do not follow from tokens
    see `caveat`.

    Args:
        usage: The tokens that the provider reported.
        facts: The model that answered.
        on: The day of the call, for prices that change; None for the catalog's date.
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
    cost = _of_all_kinds(usage, rates) if has_kinds else _of_text(usage, rates)
    return cost if usage.service_tier is None else _in_class(cost, usage.service_tier, facts)


def _in_class(cost: Cost, tier: str, facts: ModelFacts) -> Cost | Unpriced:
    """Return the cost at the rate of a service class, if the catalog has rates for it."""
    if not is_batch(tier):
        return cost
    rate = batch_rate(facts.provider, facts.name)
    return Unpriced(f"no batch rate is known for {facts}") if rate is None else rate.applied(cost)


def caveat(usage: Usage) -> str | None:
    """Describe charges that do not follow from tokens, which make the cost inexact."""
    doubts = []
    if usage.service_tier is not None and (tier := apart_from_batch(usage.service_tier)):
        doubts.append(f"at standard prices, though served as {tier!r}")
    if usage.provider_tool_calls:
        uses = f"{usage.provider_tool_calls} use" + "s" * (usage.provider_tool_calls > 1)
        doubts.append(f"without the provider's charges for {uses} of its own tools")
    if usage.image_completion_tokens:
        doubts.append(f"with {usage.image_completion_tokens} tokens of images priced as text")
    return "; ".join(doubts) or None


def _has_kinds(usage: Usage) -> bool:
    """Return True if there are tokens, such as audio, that may have rates of their own."""
    return bool(
        usage.cache_write_1h_tokens
        or usage.audio_prompt_tokens
        or usage.cached_audio_tokens
        or usage.audio_completion_tokens
    )


# Each count, and a count that includes it.
_WITHIN = (
    ("cache_write_1h_tokens", "cache_write_tokens"),
    ("cached_audio_tokens", "cached_tokens"),
    ("cached_audio_tokens", "audio_prompt_tokens"),
    ("audio_prompt_tokens", "prompt_tokens"),
    ("audio_completion_tokens", "completion_tokens"),
)


def _contradiction(usage: Usage, *, has_kinds: bool) -> str | None:
    """Describe counts that can't all be right; None if they are consistent."""
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
    """Compute the cost of usage with audio or with cache writes for an hour."""
    text = _of_text(usage, rates)
    cached = _first(rates.cached_input, rates.input)
    write = _first(rates.cache_write, rates.input)
    fresh = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens
    # Audio not reported as cached counts as uncached, as far as there are uncached tokens.
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
    """Correct an amount in which some tokens were charged at the wrong rate."""
    return EXACT.add(amount, _usd(tokens, EXACT.subtract(other, rate)))


def _first(rate: Decimal | None, *others: Decimal | None) -> Decimal:
    """Return the first rate that is not None; 0 counts."""
    if rate is not None:
        return rate
    return next(each for each in others if each is not None)


def _usd(tokens: int, per_million: Decimal) -> Decimal:
    return _scaled(_multiplied(tokens, per_million), -6) if tokens else _NOTHING


_multiplied, _scaled = EXACT.multiply, EXACT.scaleb


def price_tag(rates: Rates) -> str:
    """Format the prices of input and output: "$0.15/$0.60 per million tokens"."""
    return f"{dollars(rates.input)}/{dollars(rates.output)} per million tokens"


def dollars(amount: Decimal) -> str:
    """Format an amount in dollars with all its decimals, at least two."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2}"
