"""The ranking of models for a need: a filter and an order over the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Literal

from msgspec import Struct

from llmring.registry.catalog import Capability, ModelFacts, Rates
from llmring.registry.successors import is_preview


class Availability(IntEnum):
    """The rank of a provider: first those that can be called here, last the presets."""

    AT_HAND = 0
    KNOWN = 1
    ONE_OF_MANY = 2


Order = Literal["cheapest", "best", "newest", "longest context"]

# Models that retire sooner than this are not recommended.
_NOTICE = timedelta(days=90)
_AGED = timedelta(days=550)
_USUAL: frozenset[Capability] = frozenset({"tools", "json_schema"})


class Need(Struct, frozen=True, kw_only=True):
    """The requirements for a model.

    Attributes:
        capabilities: The capabilities that it must have.
        min_context: The smallest context window, in tokens.
        max_input_price: The highest input price, in USD per million tokens.
        max_output_price: The highest output price, in USD per million tokens.
        providers: The accepted providers; empty for all.
        lines: The accepted first words of a model's name, such as "gemini"; empty for all.
        usable_only: True to accept only providers that can be called here.
        order: The order of the results.
    """

    capabilities: tuple[Capability, ...] = ()
    min_context: int | None = None
    max_input_price: Decimal | None = None
    max_output_price: Decimal | None = None
    providers: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    usable_only: bool = False
    order: Order = "cheapest"


def ranked(
    models: Iterable[ModelFacts],
    need: Need,
    availability: Callable[[str], Availability],
    day: date,
) -> list[ModelFacts]:
    """Return the models that meet a need, best first.

    Models of providers that can be called here come first, and previews last, unless the order is
    "newest". Left out are models that are retired, about to retire, not released yet, or not for
    chat. Models of the user's own machine are included only if the need names their provider,
    since only the user knows which are installed.

    Args:
        models: The models to choose from.
        need: The requirements.
        availability: Returns the rank of a provider.
        day: Today.
    """
    fit = [
        facts for facts in models if lasting(facts, day) and _meets(facts, need, availability, day)
    ]
    key = _ORDERS[need.order]
    later = _replaced(fit) if need.order == "best" else frozenset()
    if need.order != "newest":
        later |= {str(facts) for facts in fit if is_preview(facts.name)}
    return sorted(
        fit, key=lambda facts: (availability(facts.provider), str(facts) in later, *key(facts, day))
    )


def across_vendors(models: Iterable[ModelFacts], count: int) -> list[ModelFacts]:
    """Return the first models of distinct providers, since outages rarely hit two at once."""
    chosen: dict[str, ModelFacts] = {}
    for facts in models:
        chosen.setdefault(facts.provider, facts)
    return [*chosen.values()][:count]


def mixed_price(facts: ModelFacts, day: date) -> Decimal | None:
    """Compute USD per million tokens at three input tokens per output token; None if unknown."""
    rates: Rates | None = facts.prices_on(day)
    return None if rates is None else (3 * rates.input + rates.output) / 4


def _replaced(models: Iterable[ModelFacts]) -> frozenset[str]:
    """Find the models with a newer one in their family, which is likely better and cheaper."""
    families: dict[tuple[str, str], list[ModelFacts]] = {}
    for facts in models:
        if facts.family is not None and facts.released and not is_preview(facts.name):
            families.setdefault((facts.provider, facts.family), []).append(facts)
    return frozenset(
        str(facts)
        for family in families.values()
        for facts in family
        if _age(facts) > min(map(_age, family))
    )


def lasting(facts: ModelFacts, day: date) -> bool:
    """Return True if a model is for chat, released, and not about to retire."""
    return (
        facts.kind == "chat"
        and (facts.released is None or facts.released <= day)
        and (facts.deprecated is None or facts.deprecated > day)
        and (facts.retires is None or facts.retires - day > _NOTICE)
    )


def _meets(
    facts: ModelFacts, need: Need, availability: Callable[[str], Availability], day: date
) -> bool:
    rates = facts.prices_on(day)
    place = facts.provider in need.providers if need.providers else mixed_price(facts, day) != 0
    return (
        place
        and (not need.lines or facts.name.rpartition("/")[2].lower().startswith(need.lines))
        and not (need.usable_only and availability(facts.provider) is not Availability.AT_HAND)
        and facts.capabilities.issuperset(need.capabilities)
        and (facts.context_window or 0) >= (need.min_context or 0)
        and _within(need.max_input_price, None if rates is None else rates.input)
        and _within(need.max_output_price, None if rates is None else rates.output)
    )


def _within(limit: Decimal | None, rate: Decimal | None) -> bool:
    """Return True if a price is within the limit; an unknown price never is."""
    return limit is None or (rate is not None and rate <= limit)


def _cheapest(facts: ModelFacts, day: date) -> tuple[object, ...]:
    price = mixed_price(facts, day)
    # The very cheapest models lack capabilities, or are outdated; rank them lower.
    lacking = not facts.capabilities.issuperset(_USUAL)
    aged = facts.released is None or day - facts.released > _AGED
    return price is None, lacking, aged, price or Decimal(0), _age(facts), str(facts)


def _best(facts: ModelFacts, day: date) -> tuple[object, ...]:
    price = mixed_price(facts, day)
    return price is None, -(price or Decimal(0)), _age(facts), str(facts)


def _newest(facts: ModelFacts, day: date) -> tuple[object, ...]:
    return _age(facts), *_cheapest(facts, day)


def _longest(facts: ModelFacts, day: date) -> tuple[object, ...]:
    return -(facts.context_window or 0), *_cheapest(facts, day)


def _age(facts: ModelFacts) -> int:
    return -(facts.released or date.min).toordinal()


_ORDERS: dict[Order, Callable[[ModelFacts, date], tuple[object, ...]]] = {
    "cheapest": _cheapest,
    "best": _best,
    "newest": _newest,
    "longest context": _longest,
}
