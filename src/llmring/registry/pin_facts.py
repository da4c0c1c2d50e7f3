"""Conversion between the facts of a model and its pin in a lockfile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, cast

import msgspec

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.pins import Pin
from llmring.registry.catalog import Capability, ModelFacts, Prices, Rates
from llmring.registry.effective_facts import prices_of

# Suffixes of dated snapshots: gpt-4o-2024-08-06, claude-opus-4-20250514, gemini-2.0-flash-001,
# gpt-4-0613.
_DATED = re.compile(r"[-@]20\d{6}$|[-@]20\d\d-\d\d-\d\d$|-00\d$|-(?:0[1-9]|1[0-2])[0-3]\d$")


def pin_of(ref: ModelRef, facts: ModelFacts, day: date, served: str | None = None) -> Pin:
    """Make the pin of a model from its facts on a day.

    Args:
        ref: The reference that bindings name.
        facts: The model's facts.
        day: The day whose prices apply.
        served: The model name in the provider's last reply, if known.
    """
    prices = facts.prices_on(day)
    return Pin(
        ref=ref,
        model=facts.name,
        snapshot=snapshot(ref, facts, served),
        context_window=facts.context_window,
        max_output=facts.max_output,
        capabilities=tuple(sorted(facts.capabilities)),
        prices=None if prices is None else _plain(prices),
        retires=facts.retires,
    )


def facts_of(pin: Pin, known: ModelFacts | None = None) -> ModelFacts:
    """Convert a pin to facts.

    Args:
        pin: The pin.
        known: Facts for everything that pins do not cover, such as the API that serves the model.
    """
    facts = known or ModelFacts(provider=pin.ref.provider, name=pin.model)
    return msgspec.structs.replace(
        facts,
        name=pin.model,
        context_window=pin.context_window,
        max_output=pin.max_output,
        capabilities=cast("frozenset[Capability]", frozenset(pin.capabilities)),
        prices=None if pin.prices is None else prices_of(pin.prices),
        announced=(),
        retires=pin.retires,
    )


def snapshot(ref: ModelRef, facts: ModelFacts, served: str | None) -> str | None:
    """Return the dated model behind a moving name; None for a dated name or if unknown.

    Args:
        ref: The reference that bindings name.
        facts: The model's facts.
        served: The model name in the provider's last reply, if known.
    """
    if _DATED.search(ref.model):
        return None
    if served and served != ref.model and served.isprintable():
        return served
    dated = [name for name in (facts.name, *facts.aliases) if _DATED.search(name)]
    return dated[0] if len(dated) == 1 else None


def models_of(lockfile: Lockfile, profiles: Iterable[str]) -> list[ModelRef]:
    """Return the models of all bindings of these profiles, each once, in the order of the file."""
    bindings = (
        binding
        for name in profiles
        if name in lockfile.profiles
        for binding in lockfile.profiles[name].bindings.values()
    )
    return [*dict.fromkeys(ref for binding in bindings for ref in binding.models)]


def _plain(prices: Prices) -> dict[str, Any]:
    """Convert prices to the table that a lockfile holds."""
    plain: dict[str, Any] = _amounts(prices)
    if prices.long_context is not None:
        plain["long_context"] = {
            "above": prices.long_context.above,
            **_amounts(prices.long_context),
        }
    return plain


def _amounts(rates: Rates) -> dict[str, Decimal]:
    amounts = {name: getattr(rates, name) for name in Rates.__struct_fields__}
    return {name: amount for name, amount in amounts.items() if amount is not None}
