"""Answers about costs, and about cheaper models."""

from __future__ import annotations

from decimal import Decimal

from llmring.advisor.answers.retirement import fate
from llmring.advisor.answers.subjects import models_of_aliases, named_models, price_of
from llmring.advisor.grammar.intents import AskAlternatives, AskCheaper, AskCost
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.model_selection import candidates, chosen, fallbacks, one
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.advisor.ranking import Need, across_vendors, mixed_price
from llmring.registry.catalog import Capability, Rates
from llmring.registry.price import dollars

# The size of a usual call, for costs where the question gives none.
INPUT_TOKENS, OUTPUT_TOKENS, CALLS = 1_000, 300, 1_000

_SHARED: frozenset[Capability] = frozenset({"vision", "documents", "audio", "tools", "json_schema"})
_SHOWN = 3
_DAYS = 30


def cost(context: Context, intent: AskCost) -> str:
    """Answer what calls of models or aliases cost."""
    calls = intent.calls or CALLS
    prompt = intent.input_tokens or INPUT_TOKENS
    answer = intent.output_tokens or OUTPUT_TOKENS
    if intent.models:
        models = named_models(context, intent.models)
        context.recommended = tuple(models)
        rows = [(model, model) for model in models]
    elif intent.aliases.scope == "left out" and context.recommended:
        rows = [(context.recommended[0],) * 2]
    else:
        found = models_of_aliases(context, intent.aliases)
        rows = [(f"{alias} ({models[0]})", models[0]) for (alias, _), models in found.items()]
    lines = [
        f"{label}: {price_of(context, model)}; "
        f"{_total(context, model, (calls, prompt, answer), intent.per)}"
        for label, model in rows
    ]
    many = "a call" if calls == 1 else f"{calls:,} calls"
    size = f"{prompt:,} tokens in and {answer:,} out"
    often = f" a {intent.per}" if intent.per else ""
    return "\n".join([f"The cost of {many}{often} with {size} each:", *lines])


def cost_of_calls(context: Context, model: str, calls: int = CALLS) -> Decimal | None:
    """Compute the cost of calls of the usual size, in USD; None if the price is unknown."""
    return _cost(context, model, calls, INPUT_TOKENS, OUTPUT_TOKENS)


def _cost(context: Context, model: str, calls: int, prompt: int, answer: int) -> Decimal | None:
    facts = context.editor.facts(model)
    prices = facts.prices_on(context.editor.day) if facts else None
    if prices is None:
        return None
    rates: Rates = prices.rates(prompt)
    return calls * (rates.input * prompt + rates.output * answer) / 1_000_000


def _total(context: Context, model: str, volume: tuple[int, int, int], per: str) -> str:
    amount = _cost(context, model, *volume)
    if amount is None:
        return "cost unknown"
    total = dollars(round(amount, 4))
    if per == "day":
        return f"{total} a day, {dollars(round(amount * _DAYS, 4))} in {_DAYS} days"
    return f"{total} a month" if per else f"together {total}"


def cheaper(context: Context, intent: AskCheaper) -> str:
    """Answer which cheaper models can do what a model does, or those of aliases."""
    if intent.model is not None:
        rows = [(model, model) for model in chosen(context, intent.model)]
    else:
        found = models_of_aliases(context, intent.aliases)
        rows = [(alias, models[0]) for (alias, _), models in found.items()]
    return "\n".join(_cheaper_than(context, label, model) for label, model in rows)


def alternatives(context: Context, intent: AskAlternatives) -> str:
    """Answer which models could take the place of another: its successor, and similar ones."""
    model = one(context, intent.model)
    facts = context.editor.facts(model)
    found = [each for each in fallbacks(context, [model], None, _SHOWN) if each != model]
    if facts is None or not found:
        raise UnclearRequestError(f"The registry has no model like {model}.")
    context.recommended = tuple(found)
    listed = "; ".join(f"{each} at {price_of(context, each)}" for each in found)
    return (
        f"{model} costs {price_of(context, model)} and {fate(context, model)}. Of other vendors, "
        f"with the same capabilities and a similar price: {listed}."
    )


def _cheaper_than(context: Context, label: str, model: str) -> str:
    editor = context.editor
    facts = editor.facts(model)
    price = mixed_price(facts, editor.day) if facts else None
    if facts is None or price is None:
        raise UnclearRequestError(f"The price of {model} is unknown.")
    need = Need(capabilities=tuple(sorted(facts.capabilities & _SHARED)))
    found = [
        each
        for each in candidates(context, need)
        if (other := mixed_price(each, editor.day)) is not None and other < price
    ]
    name = label if label == model else f"{label} ({model})"
    if not found:
        return f"{name}: no cheaper model has the same capabilities."
    shown = across_vendors(found, _SHOWN)
    context.recommended = tuple(map(str, shown))
    listed = "; ".join(f"{each} at {price_of(context, str(each))}" for each in shown)
    return (
        f"{name} costs {price_of(context, model)}. Cheaper, with the same capabilities: {listed}."
    )
