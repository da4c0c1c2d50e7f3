"""The facts about models as data for a model or an assistant, without free text of the catalog."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import UNSET

from llmring.advisor.editor import LockfileEditor, is_name
from llmring.exceptions import LLMRingError
from llmring.registry.catalog import ModelFacts, Prices, Rates
from llmring.registry.price import dollars

Plain = dict[str, Any]


def row_of(editor: LockfileEditor, facts: ModelFacts) -> Plain:
    """Return the facts about a model that a choice depends on."""
    rates = facts.prices_on(editor.day)
    return {
        "model": str(facts),
        "usd_per_million_tokens": _prices(rates),
        "context": facts.context_window,
        "capabilities": sorted(facts.capabilities),
        "released": _day(facts.released),
        "key_set_here": editor.usable(facts.provider),
    }


def details_of(editor: LockfileEditor, model: str) -> Plain | str:
    """Return all facts about a model, or the reason why they are unknown."""
    try:
        facts = editor.facts(model)
    except LLMRingError as error:
        return str(error)
    if facts is None:
        return "not in the registry"
    more = {
        "max_output": facts.max_output,
        "retires": _day(facts.retires),
        "deprecated": _day(facts.deprecated),
        "family": _name(facts.family),
        "successor": _name(facts.successor),
        "efforts": [each for each in facts.efforts if is_name(each)],
    }
    return row_of(editor, facts) | {key: value for key, value in more.items() if value}


def usd(amount: Decimal) -> str:
    """Format an amount in dollars, with six decimals at most."""
    return dollars(round(amount, 6))


def _prices(rates: Rates | None) -> Plain | str:
    if rates is None:
        return "unknown"
    details = {
        name: usd(value)
        for name in ("input", "output", "cached_input", "cache_write")
        if (value := getattr(rates, name)) is not None
    }
    long = rates.long_context if isinstance(rates, Prices) else None
    if long is not None:
        details["if_the_prompt_is_longer_than"] = f"{long.above} tokens"
        details["then_input"], details["then_output"] = usd(long.input), usd(long.output)
    return details


def _day(day: Any) -> str | None:
    return None if day is None or day is UNSET else str(day)


def _name(text: str | None) -> str | None:
    return text if text is not None and is_name(text) else None
