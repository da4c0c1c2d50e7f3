"""Which models a new lockfile starts with: chosen from the catalog by rule.

In each class of price a vendor's newest model is taken, and the vendors' choices follow each
other, cheapest first, as fallbacks. The same catalog, providers and day give the same choice.
"""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from llmring.lockfile.starter import Suggestion
from llmring.registry.catalog import Capability, Catalog, ModelFacts, Rates
from llmring.registry.price import dollars

# Vendors give some 60 days' notice; a model that is about to go is no start for a new project.
_NOTICE = timedelta(days=90)


class _Class(Struct, frozen=True):
    """What an alias asks of a model: its price, in USD per million mixed tokens, and its powers."""

    alias: str
    words: str
    above: Decimal
    up_to: Decimal
    needs: frozenset[Capability] = frozenset({"tools", "json_schema"})


_CLASSES = (
    _Class("fast", "quick and cheap", Decimal(0), Decimal(1)),
    _Class("balanced", "everyday work", Decimal(1), Decimal(6)),
    _Class("deep", "the hardest questions", Decimal(6), Decimal("Infinity")),
    _Class(
        "vision",
        "reads images",
        Decimal(1),
        Decimal(6),
        frozenset({"tools", "json_schema", "vision"}),
    ),
)


def suggestions(
    catalog: Catalog, providers_with_keys: Collection[str] = (), on: date | None = None
) -> list[Suggestion]:
    """Aliases for a new lockfile: fast, balanced, deep and vision.

    Models that run on the user's own machine are never suggested: only the user knows which
    of them are there.

    Args:
        catalog: The models to choose from.
        providers_with_keys: Providers that can be called. If the catalog knows none of them,
            the choice is among all.
        on: The day of the choice; the catalog's own if left out.
    """
    day = on or catalog.date
    usable = [facts for facts in catalog.models if _lasting(facts, day)]
    reachable = [facts for facts in usable if facts.provider in providers_with_keys] or usable
    choices = [_choice(wanted, reachable, day) for wanted in _CLASSES]
    return [choice for choice in choices if choice.models]


def _choice(wanted: _Class, models: Collection[ModelFacts], day: date) -> Suggestion:
    newest: dict[str, ModelFacts] = {}
    for facts in sorted(models, key=_age):
        if wanted.above < _mixed(facts) <= wanted.up_to and wanted.needs <= facts.capabilities:
            newest.setdefault(facts.provider, facts)
    chosen = sorted(newest.values(), key=lambda facts: (_mixed(facts), _age(facts)))
    tags = ", ".join(f"{facts.name} {_tag(facts, day)}" for facts in chosen)
    return Suggestion(
        wanted.alias,
        tuple(str(facts) for facts in chosen),
        f"{wanted.words}; per million tokens in/out: {tags}",
    )


def _lasting(facts: ModelFacts, day: date) -> bool:
    """Whether a model is sold by the token, is out, and will stay."""
    return (
        _mixed(facts) > 0
        and facts.released is not None
        and facts.released <= day
        and (facts.retires is None or facts.retires - day > _NOTICE)
    )


def _age(facts: ModelFacts) -> tuple[int, str]:
    return -(facts.released or date.min).toordinal(), str(facts)


def _mixed(facts: ModelFacts) -> Decimal:
    """USD per million tokens, three in to one out, at the highest price known for any day."""
    known: list[Rates] = [change.prices for change in facts.announced]
    if facts.prices is not None:
        known.append(facts.prices)
    return max(((3 * rates.input + rates.output) / 4 for rates in known), default=Decimal(0))


def _tag(facts: ModelFacts, day: date) -> str:
    prices = facts.prices_on(day)
    return f"{dollars(prices.input)}/{dollars(prices.output)}" if prices else ""
