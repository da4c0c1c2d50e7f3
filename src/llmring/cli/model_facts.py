"""Labelled facts about a model, as commands print them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from llmring.registry import cache
from llmring.registry.catalog import Catalog, ModelFacts, Prices, Rates
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.price import dollars, price_tag


class FactRow(NamedTuple):
    """A fact about a model.

    Attributes:
        label: The name of the fact.
        text: The value with its unit.
        key: The field of `ModelFacts` that holds it.
    """

    label: str
    text: str
    key: str


_RATES = {
    "cached_input": "read from a cache",
    "cache_write": "written to a cache",
    "cache_write_1h": "written to a cache for an hour",
    "input_audio": "input, spoken",
    "cached_audio": "spoken, read from a cache",
    "output_audio": "output, spoken",
}


def fact_rows(facts: ModelFacts, today: date) -> Iterator[FactRow]:
    """Yield the facts about a model, in the order they are shown.

    Args:
        facts: The model.
        today: The day whose prices are shown.
    """
    yield from _limits(facts)
    yield from _prices(facts.prices_on(today))
    for change in facts.announced:
        if change.starts > today:
            yield FactRow(f"price from {change.starts}", price_tag(change.prices), "prices")
    yield from _life(facts, today)
    if facts.aliases:
        yield FactRow("other names", ", ".join(facts.aliases), "aliases")


def _limits(facts: ModelFacts) -> Iterator[FactRow]:
    yield FactRow("context", _tokens(facts.context_window), "context_window")
    if facts.max_input is not None:
        yield FactRow("longest prompt", _tokens(facts.max_input), "max_input")
    yield FactRow("longest answer", _tokens(facts.max_output), "max_output")
    yield FactRow("can", ", ".join(sorted(facts.capabilities)) or "not known", "capabilities")
    if facts.efforts:
        yield FactRow("efforts", ", ".join(facts.efforts), "efforts")
    if facts.budget:
        range_ = f"{facts.budget.least:,} to {facts.budget.most:,} tokens"
        yield FactRow("reasoning", range_, "budget")


def _life(facts: ModelFacts, today: date) -> Iterator[FactRow]:
    for key in ("released", "deprecated", "retires", "family", "successor"):
        value = getattr(facts, key)
        if value is not None:
            gone = key == "retires" and value <= today
            yield FactRow("retired" if gone else key, str(value), key)


def _tokens(count: int | None) -> str:
    return "not known" if count is None else f"{count:,} tokens"


def _prices(prices: Prices | None) -> Iterator[FactRow]:
    if prices is None:
        yield FactRow("price", "not known", "prices")
        return
    yield FactRow("price", price_tag(prices), "prices")
    yield from _further(prices)
    long = prices.long_context
    if long is not None:
        yield FactRow(f"price above {long.above:,} tokens", price_tag(long), "prices")
        yield from _further(long)


def _further(rates: Rates) -> Iterator[FactRow]:
    for key, label in _RATES.items():
        if (rate := getattr(rates, key)) is not None:
            yield FactRow(f"  {label}", f"{dollars(rate)} per million tokens", "prices")
    if rates.image is not None:
        yield FactRow("  an image", dollars(rates.image), "prices")


def lifecycle(facts: ModelFacts, today: date) -> str:
    """Describe a model's deprecation or retirement; empty if neither is known."""
    if facts.retires is not None and facts.retires <= today:
        return f"retired {facts.retires}"
    going = f"retires {facts.retires}" if facts.retires else ""
    return "deprecated" + (f", {going}" if going else "") if facts.deprecated else going


def near(text: str, known: EffectiveFacts) -> list[str]:
    """Find the models whose names are most similar."""
    import difflib

    provider, colon, rest = text.partition(":")
    name = rest if colon else text
    models: dict[str, str] = {}
    for facts in known.models:
        if not colon or facts.provider == provider:
            # The catalog lists the model's maker before other providers of the same name.
            models.setdefault(facts.name, str(facts))
    if name in models:
        return [models[name]]
    return [models[each] for each in difflib.get_close_matches(name, models, 3)]


def catalog_origin(catalog: Catalog, folder: Path | None) -> str:
    """Describe the catalog: its date, and whether it was fetched or shipped."""
    found = cache.fetched(folder)
    if found is not None and found.catalog is catalog:
        return f"catalog of {catalog.date} fetched from {found.note.url}"
    passed_over = (
        f"newer than the one fetched, of {found.catalog.date}" if found else "none fetched"
    )
    return f"catalog of {catalog.date} shipped with llmring, {passed_over}"
