"""Which models a new lockfile starts with: chosen from the catalog by rule.

In each class of price a vendor's newest model is taken, and the vendors' choices follow each
other, cheapest first, as fallbacks. A vendor without a model of the class is asked for the one that
comes nearest to it, if no other has any. The same catalog, providers and day give the same choice.
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
# Where no key is set: vendors whose keys most people have.
_USUAL = frozenset({"anthropic", "google", "openai"})
# Each further fallback is one more account to have.
_MOST = 4
# A price at the lower bound of a class is outside of it, if only just.
_STEP = Decimal("1E-9")


class _Class(Struct, frozen=True):
    """What an alias asks of a model: its price, in USD per million mixed tokens, and its powers."""

    alias: str
    words: str
    above: Decimal
    up_to: Decimal
    needs: frozenset[Capability] = frozenset({"tools", "json_schema"})

    def distance(self, price: Decimal) -> Decimal:
        """How far a price is from those of the class; 0 within it."""
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
    """Aliases for a new lockfile: fast, balanced, deep and vision.

    Models that run on the user's own machine are never suggested: only the user knows which
    of them are there.

    Args:
        catalog: The models to choose from.
        providers_with_keys: Providers that can be called. If the catalog knows none of them,
            the choice is among the usual vendors, and if it knows none of these, among all.
        on: The day of the choice; the catalog's own if left out.
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
    """Whether a model is for written chats, is sold by the token, is out, and will stay."""
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
    """USD per million tokens, three in to one out, at the highest price known for any day."""
    known: list[Rates] = [change.prices for change in facts.announced]
    if facts.prices is not None:
        known.append(facts.prices)
    return max(((3 * rates.input + rates.output) / 4 for rates in known), default=Decimal(0))


def _tag(facts: ModelFacts, day: date) -> str:
    prices = facts.prices_on(day)
    return f"{dollars(prices.input)}/{dollars(prices.output)}" if prices else ""
