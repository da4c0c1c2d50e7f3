"""Answers about the trade-offs between models."""

from __future__ import annotations

from llmring.advisor.answers.cost_answers import cost_of_calls
from llmring.advisor.answers.subjects import abilities, models_of_aliases, named_models, price_of
from llmring.advisor.grammar.intents import AskComparison
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import dollars


def compare(context: Context, intent: AskComparison) -> str:
    """Answer what distinguishes models: prices, context, capabilities, age, retirement."""
    models = named_models(context, intent.models)
    if intent.aliases is not None and intent.aliases.scope != "left out":
        for own in models_of_aliases(context, intent.aliases).values():
            models = [*dict.fromkeys((*own[:1], *models))]
    known = [(model, context.editor.facts(model)) for model in models]
    facts = [(model, each) for model, each in known if each is not None]
    if not facts:
        raise UnclearRequestError("Name two models that the registry knows.")
    lines = [f"{model}: {_row(context, each)}" for model, each in facts]
    lines += [*_costs(context, models), *_differences(facts)]
    lines.append("Nothing was changed.")
    return "\n".join(lines)


def _row(context: Context, facts: ModelFacts) -> str:
    words = [price_of(context, str(facts))]
    if facts.context_window:
        words.append(f"context of {facts.context_window:,} tokens")
    words.append(", ".join(abilities(facts)))
    if facts.released:
        words.append(f"released {facts.released}")
    if facts.retires:
        words.append(f"retires {facts.retires}")
    return "; ".join(filter(None, words))


def _costs(context: Context, models: list[str]) -> list[str]:
    costs = {model: cost_of_calls(context, model) for model in models}
    priced = {model: amount for model, amount in costs.items() if amount}
    if len(priced) < 2:
        return []
    cheap = min(priced, key=lambda model: priced[model])
    return [
        f"1,000 usual calls cost {dollars(round(priced[cheap], 4))} with {cheap}, and "
        f"{dollars(round(amount, 4))} with {model} ({amount / priced[cheap]:.1f} times as much)."
        for model, amount in priced.items()
        if model != cheap
    ]


def _differences(facts: list[tuple[str, ModelFacts]]) -> list[str]:
    every = {ability for _, each in facts for ability in abilities(each)}
    lines = []
    for model, each in facts:
        lacks = sorted(every.difference(abilities(each)))
        if lacks:
            lines.append(f"{model} lacks: {', '.join(lacks)}.")
    return lines
