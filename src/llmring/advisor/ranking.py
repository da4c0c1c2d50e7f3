"""Which models suit a need: a filter and an order over the catalog, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Literal

from msgspec import Struct

from llmring.registry.catalog import Capability, ModelFacts, Rates
from llmring.registry.lineage import is_preview


class Standing(IntEnum):
    """How near at hand a provider is: those first whose keys are set."""

    AT_HAND = 0
    KNOWN = 1
    ONE_OF_MANY = 2


Order = Literal["cheapest", "best", "newest", "longest context"]

# Nobody should begin with a model that is about to go.
_NOTICE = timedelta(days=90)
_AGED = timedelta(days=550)
_USUAL: frozenset[Capability] = frozenset({"tools", "json_schema"})


class Need(Struct, frozen=True, kw_only=True):
    """What somebody needs of a model.

    Attributes:
        capabilities: What it must take and do.
        min_context: Tokens that its context must hold.
        max_input_price: USD per million tokens of the prompt.
        max_output_price: USD per million tokens of the answer.
        providers: Those that it may be of; none for all.
        usable_only: Whether its provider must be one that can be called here.
        order: What makes one model better than another.
    """

    capabilities: tuple[Capability, ...] = ()
    min_context: int | None = None
    max_input_price: Decimal | None = None
    max_output_price: Decimal | None = None
    providers: tuple[str, ...] = ()
    usable_only: bool = False
    order: Order = "cheapest"


def ranked(
    models: Iterable[ModelFacts],
    need: Need,
    standing: Callable[[str], Standing],
    day: date,
) -> list[ModelFacts]:
    """The models that meet a need, best first.

    Those of providers that can be called here come before the others, and previews last, unless
    the newest are wanted. Models that are retired,
    about to retire, not out yet, or for something else than chats are not among them; nor are
    those of the user's own machine, unless their provider is asked for: only the user knows
    which of them are there.

    Args:
        models: The models to choose from.
        need: What is needed.
        standing: How near at hand a provider is.
        day: Today.
    """
    fit = [facts for facts in models if _lasting(facts, day) and _meets(facts, need, standing, day)]
    key = _ORDERS[need.order]
    later = _replaced(fit) if need.order == "best" else frozenset()
    if need.order != "newest":
        later |= {str(facts) for facts in fit if is_preview(facts.name)}
    return sorted(
        fit, key=lambda facts: (standing(facts.provider), str(facts) in later, *key(facts, day))
    )


def across_vendors(models: Iterable[ModelFacts], count: int) -> list[ModelFacts]:
    """The first models, no two of one provider: an outage seldom hits two of them."""
    chosen: dict[str, ModelFacts] = {}
    for facts in models:
        chosen.setdefault(facts.provider, facts)
    return [*chosen.values()][:count]


def mixed_price(facts: ModelFacts, day: date) -> Decimal | None:
    """USD per million tokens, three in to one out; None where no price is known."""
    rates: Rates | None = facts.prices_on(day)
    return None if rates is None else (3 * rates.input + rates.output) / 4


def _replaced(models: Iterable[ModelFacts]) -> frozenset[str]:
    """Those of which there is a newer one in their family: it may be better, and cost less."""
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


def _lasting(facts: ModelFacts, day: date) -> bool:
    return (
        facts.kind == "chat"
        and (facts.released is None or facts.released <= day)
        and (facts.deprecated is None or facts.deprecated > day)
        and (facts.retires is None or facts.retires - day > _NOTICE)
    )


def _meets(facts: ModelFacts, need: Need, standing: Callable[[str], Standing], day: date) -> bool:
    rates = facts.prices_on(day)
    place = facts.provider in need.providers if need.providers else mixed_price(facts, day) != 0
    return (
        place
        and not (need.usable_only and standing(facts.provider) is not Standing.AT_HAND)
        and facts.capabilities.issuperset(need.capabilities)
        and (facts.context_window or 0) >= (need.min_context or 0)
        and _within(need.max_input_price, None if rates is None else rates.input)
        and _within(need.max_output_price, None if rates is None else rates.output)
    )


def _within(limit: Decimal | None, rate: Decimal | None) -> bool:
    """Whether a price is within a limit; an unknown one is within none."""
    return limit is None or (rate is not None and rate <= limit)


def _cheapest(facts: ModelFacts, day: date) -> tuple[object, ...]:
    price = mixed_price(facts, day)
    # What is cheapest of all can do little, or is a model that better ones have replaced.
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
