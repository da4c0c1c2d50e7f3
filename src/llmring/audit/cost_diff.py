"""The cost of a lockfile change: prices, context windows, and a month of recorded calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.config.identity import own_projects
from llmring.config.settings import effective_facts_here, read_clock, read_settings
from llmring.exceptions import LLMRingError
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.pins import plain_amount
from llmring.lockfile.toml.quoting import dotted
from llmring.registry.catalog import ModelFacts, Prices
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.money import UNKNOWN, before_and_after, pair, plain_cost, priced, signed, usd
from llmring.registry.price import Unpriced
from llmring.registry.usage_cost import UsageCost, usage_cost

DAYS = 30


class PricedModel(Struct, frozen=True):
    """A model of an alias, with the facts known about it.

    Attributes:
        ref: The model.
        facts: The facts known about it, if any.
        prices: USD per million tokens today; None if unknown.
    """

    ref: ModelRef
    facts: ModelFacts | None
    prices: Prices | None

    @property
    def context(self) -> str:
        """The context window in words."""
        window = self.facts.context_window if self.facts else None
        return UNKNOWN if window is None else f"{window:,}"

    @property
    def comparison_key(self) -> tuple[object, ...]:
        """The values that decide if two offers differ."""
        return self.ref, self.prices, self.context


class AliasCostDiff(Struct, frozen=True):
    """The effect of a change to an alias.

    Attributes:
        before: Its models in the first lockfile, best first; empty if the alias is missing there.
        after: Its models in the second lockfile.
        calls: The number of its calls in the last `DAYS` days; None if the ledger can't be read.
        cost_before: The cost of these calls with the first model of the first lockfile; None
            without calls or without such a model.
        cost_after: The cost with the first model of the second lockfile.
    """

    before: tuple[PricedModel, ...]
    after: tuple[PricedModel, ...]
    calls: int | None = 0
    cost_before: UsageCost | None = None
    cost_after: UsageCost | None = None

    def lines(self) -> Iterator[str]:
        """Describe the effect, one line per fact."""
        first = [offers[0] for offers in (self.before, self.after) if offers]
        yield f"{_terms(first[0], first[-1])}{_further(first[0].prices, first[-1].prices)}"
        if self.before and self.after:
            yield from _fallbacks(self.before[1:], self.after[1:])
        if self.calls is not None:
            yield self._month(self.calls)

    def _month(self, count: int) -> str:
        bills = [each for each in (self.cost_before, self.cost_after) if each is not None]
        if not bills:
            return f"no usage is recorded in the last {DAYS} days"
        calls = f"{count:,} call{'s' if count != 1 else ''} in the last {DAYS} days"
        for each in bills:
            if isinstance(each.cost, Unpriced):
                return f"{calls}; their cost is unknown: {each.cost.reason}"
        costs = " → ".join(usd(each.cost) for each in bills if not isinstance(each.cost, Unpriced))
        change = f", {signed(self.delta)} a month" if self.delta is not None else ""
        unpriced = max(each.unpriced for each in bills)
        without = f" (without {unpriced:,} of unknown usage)" if unpriced else ""
        return f"{calls}: {costs}{change}{without}"

    @property
    def delta(self) -> Decimal | None:
        """The change in USD per month at recent usage, negative for a saving; None if unknown."""
        before, after = (each and each.cost for each in (self.cost_before, self.cost_after))
        return after - before if isinstance(before, Cost) and isinstance(after, Cost) else None

    @property
    def as_json(self) -> dict[str, Any]:
        """The effect as JSON-compatible data."""
        return {
            "before": [_model_to_json(model) for model in self.before],
            "after": [_model_to_json(model) for model in self.after],
            "days": DAYS,
            "calls": self.calls,
            "cost_before": _usage_cost_to_json(self.cost_before),
            "cost_after": _usage_cost_to_json(self.cost_after),
            "delta": None if self.delta is None else plain_amount(self.delta),
        }


class CostDiff(Struct, frozen=True):
    """The effects of all aliases that differ.

    Attributes:
        aliases: The effects by key ("prod.fast"), for aliases whose models, or the facts known
            about them, differ.
        ledger_problem: The reason why the ledger could not be read, if it couldn't.
    """

    aliases: Mapping[str, AliasCostDiff]
    ledger_problem: str | None = None


def cost_diff(before: Lockfile, after: Lockfile, *, all_projects: bool = False) -> CostDiff:
    """Estimate the effect of the difference between two lockfiles, at today's prices.

    Args:
        before: The first lockfile; its [registry] corrections apply to its models.
        after: The second lockfile; its corrections apply to its models.
        all_projects: Whether to count calls of all projects, not only of these lockfiles.
    """
    day = read_clock().today()
    differing: dict[tuple[str, str], tuple[tuple[PricedModel, ...], tuple[PricedModel, ...]]] = {}
    sides = [(lockfile, effective_facts_here(lockfile)) for lockfile in (before, after)]
    for profile in dict.fromkeys([*after.profiles, *before.profiles]):
        names = [
            alias
            for lockfile in (after, before)
            if profile in lockfile.profiles
            for alias in lockfile.profiles[profile].bindings
        ]
        for alias in dict.fromkeys(names):
            old, new = (_offers(*side, profile, alias, day) for side in sides)
            if [each.comparison_key for each in old] != [each.comparison_key for each in new]:
                differing[profile, alias] = old, new
    if not differing:
        return CostDiff({})
    usages, ledger_problem = recorded_usages(*(() if all_projects else (after, before)))
    found = {
        dotted(key): _priced(old, new, None if ledger_problem else usages.get(key, ()), day)
        for key, (old, new) in differing.items()
    }
    return CostDiff(found, ledger_problem)


def _offers(
    lockfile: Lockfile, known: EffectiveFacts, profile: str, alias: str, day: date
) -> tuple[PricedModel, ...]:
    there = lockfile.profiles.get(profile)
    binding = there.bindings.get(alias) if there else None
    offers = []
    for ref in binding.models if binding else ():
        facts = known.facts(ref)
        offers.append(PricedModel(ref, facts, facts.prices_on(day) if facts else None))
    return tuple(offers)


def _priced(
    old: tuple[PricedModel, ...],
    new: tuple[PricedModel, ...],
    usages: Sequence[Usage | None] | None,
    day: date,
) -> AliasCostDiff:
    costs = [
        usage_cost(usages, offers[0].facts, day) if offers and usages else None
        for offers in (old, new)
    ]
    return AliasCostDiff(old, new, None if usages is None else len(usages), *costs)


def recorded_usages(
    *lockfiles: Lockfile, since: datetime | None = None
) -> tuple[dict[tuple[str, str], list[Usage | None]], str | None]:
    """Read recorded usage by profile and alias; return it with the error, if reading failed.

    Args:
        lockfiles: The lockfiles with which the calls were made; none for all calls.
        since: Only calls that began then or later; None for the last `DAYS` days.
    """
    from llmring.ledger.reader import entries

    found: dict[tuple[str, str], list[Usage | None]] = {}
    since = since or read_clock().now() - timedelta(days=DAYS)
    try:
        place = read_settings().ledger
        if place is None:
            return found, None
        projects = own_projects(place, *lockfiles) if lockfiles else None
        for entry in entries(place, since=since, projects=projects):
            # A failed call without reported usage counts as unused.
            if entry.alias is not None and (entry.usage is not None or entry.outcome == "ok"):
                found.setdefault((entry.profile, entry.alias), []).append(entry.usage)
    except LLMRingError as error:
        return {}, str(error)
    return found, None


def _fallbacks(before: Sequence[PricedModel], after: Sequence[PricedModel]) -> Iterator[str]:
    old = {model.ref: model for model in before}
    new = {model.ref: model for model in after}
    for ref in dict.fromkeys([*new, *old]):
        sides = [each[ref] for each in (old, new) if ref in each]
        if len(sides) == 2 and sides[0].comparison_key == sides[1].comparison_key:
            continue
        mark = "" if len(sides) == 2 else "+ " if ref in new else "- "
        yield f"{mark}fallback {ref}: {_terms(sides[0], sides[-1])}"


def _terms(before: PricedModel, after: PricedModel) -> str:
    """Describe the price and context of a model, before and after the change."""
    price = priced(before_and_after(pair(before.prices), pair(after.prices)))
    return f"price {price}; context {before_and_after(before.context, after.context)}"


def _further(before: Prices | None, after: Prices | None) -> str:
    """Name the other prices that differ, if those of input and output are equal."""
    if before is None or after is None or pair(before) != pair(after):
        return ""
    names = [
        name.replace("_", " ")
        for name in Prices.__struct_fields__
        if getattr(before, name) != getattr(after, name)
    ]
    return f"; other prices for: {', '.join(names)}" if names else ""


def _model_to_json(model: PricedModel) -> dict[str, Any]:
    return {
        "model": str(model.ref),
        "prices": model.prices,
        "context_window": model.facts.context_window if model.facts else None,
    }


def _usage_cost_to_json(of: UsageCost | None) -> dict[str, Any] | None:
    if of is None:
        return None
    return {**plain_cost(of.cost), "unpriced": of.unpriced}
