"""Models for a new lockfile, chosen from the catalog by rule.

In each price class, the newest model of each vendor is chosen; the vendors follow each other as
fallbacks, cheapest first. If no vendor has a model in the class, the models nearest to it in price
are chosen. The same catalog, providers and day give the same choice.
"""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from llmring.lockfile.edit.starter import Suggestion
from llmring.registry.catalog import Capability, Catalog, ModelFacts, Rates
from llmring.registry.price import dollars

# Vendors give about 60 days' notice; don't start a project with a model about to retire.
_NOTICE = timedelta(days=90)
# The vendors to choose from if no key is set: most people have keys of these.
_USUAL = frozenset({"anthropic", "google", "openai"})
# Each further fallback needs another account.
_MOST = 4
# The distance of a price at a class's lower bound, which lies just outside the class.
_STEP = Decimal("1E-9")


class _Class(Struct, frozen=True):
    """The price class of an alias, in USD per million mixed tokens, and the needed capabilities."""

    alias: str
    words: str
    above: Decimal
    up_to: Decimal
    needs: frozenset[Capability] = frozenset({"tools", "json_schema"})

    def distance(self, price: Decimal) -> Decimal:
        """Return the distance of a price from the class; 0 within it."""
        if price > self.up_to:
            return price - self.up_to
        return Decimal(0) if price > self.above else self.above - price + _STEP


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
    """Suggest aliases for a new lockfile: fast, balanced, deep and vision.

    Models that run on the user's own machine are never suggested, since the catalog can't know
    which of them are installed.

    Args:
        catalog: The models to choose from.
        providers_with_keys: Providers that can be called. If the catalog has no models of them,
            the choice is among the largest vendors, or else among all.
        on: The day of the choice; None for the catalog's date.
    """
    day = on or catalog.date
    usable = [facts for facts in catalog.models if _lasting(facts, day)]
    reachable = [facts for facts in usable if facts.provider in providers_with_keys]
    models = reachable or [facts for facts in usable if facts.provider in _USUAL] or usable
    choices = [_choice(wanted, models, day) for wanted in _CLASSES]
    return [choice for choice in choices if choice.models]


def _choice(wanted: _Class, models: Collection[ModelFacts], day: date) -> Suggestion:
    fit = [facts for facts in models if wanted.needs <= facts.capabilities]
    nearest = min((wanted.distance(_mixed(facts)) for facts in fit), default=Decimal(0))
    newest: dict[str, ModelFacts] = {}
    for facts in sorted(fit, key=_age):
        if wanted.distance(_mixed(facts)) == nearest:
            newest.setdefault(facts.provider, facts)
    chosen = sorted(newest.values(), key=lambda facts: (_mixed(facts), _age(facts)))[:_MOST]
    tags = ", ".join(f"{facts.name} {_tag(facts, day)}" for facts in chosen)
    return Suggestion(
        wanted.alias,
        tuple(str(facts) for facts in chosen),
        f"{wanted.words}; per million tokens in/out: {tags}",
    )


def _lasting(facts: ModelFacts, day: date) -> bool:
    """Return True for a released text chat model with a token price that does not retire soon."""
    speaks = facts.prices is not None and facts.prices.output_audio is not None
    return (
        facts.kind == "chat"
        and not speaks
        and _mixed(facts) > 0
        and facts.released is not None
        and facts.released <= day
        and (facts.retires is None or facts.retires - day > _NOTICE)
    )


def _age(facts: ModelFacts) -> tuple[int, str]:
    return -(facts.released or date.min).toordinal(), str(facts)


def _mixed(facts: ModelFacts) -> Decimal:
    """Return USD per million tokens, three in to one out, at the highest price for any day."""
    known: list[Rates] = [change.prices for change in facts.announced]
    if facts.prices is not None:
        known.append(facts.prices)
    return max(((3 * rates.input + rates.output) / 4 for rates in known), default=Decimal(0))


def _tag(facts: ModelFacts, day: date) -> str:
    prices = facts.prices_on(day)
    return f"{dollars(prices.input)}/{dollars(prices.output)}" if prices else ""
