"""Recommendations of models for a need."""

from __future__ import annotations

from llmring.advisor.answers.subjects import abilities, price_of
from llmring.advisor.grammar.intent_parts import DescribedModel
from llmring.advisor.grammar.intents import Recommend
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.model_selection import candidates, chosen
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.advisor.ranking import Need, across_vendors, mixed_price
from llmring.registry.catalog import ModelFacts

_SHOWN = 3


def recommend(context: Context, intent: Recommend) -> str:
    """Recommend a model and alternatives, and remember them as "that one".

    Raises:
        UnclearRequestError: No model meets the need.
    """
    need = next(
        (each.need for each in intent.models.models if isinstance(each, DescribedModel)), Need()
    )
    named = [
        facts
        for each in intent.models.models
        if not isinstance(each, DescribedModel)
        for model in chosen(context, each)
        if (facts := context.editor.facts(model)) is not None
    ]
    found = [*named, *candidates(context, need)]
    if not found:
        raise UnclearRequestError(
            "No model in the registry meets these needs; relax them, or name other providers."
        )
    first, *others = across_vendors(found, _SHOWN)
    if not others:
        others = [each for each in found if each is not first][: _SHOWN - 1]
    context.recommended = tuple(str(each) for each in (first, *others))
    lines = [f"I recommend {first.name} - it's {_price(context, first)} ({_why(first)})."]
    if others:
        listed = "; ".join(f"{each} at {_price(context, each)}" for each in others)
        lines.append(f"Alternatives: {listed}.")
    if not context.editor.usable(first.provider):
        lines.append(f"No key is set for {first.provider} here.")
    lines.append(f"Shall I bind it? Name the alias: set that as my {_alias(intent)!r} alias.")
    return " ".join(lines)


def _alias(intent: Recommend) -> str:
    return intent.aliases.names[0] if intent.aliases.names else "fast"


def _price(context: Context, facts: ModelFacts) -> str:
    if mixed_price(facts, context.editor.day) == 0:
        return "no cost per token"
    return price_of(context, str(facts))


def _why(facts: ModelFacts) -> str:
    window = f"context of {facts.context_window:,} tokens" if facts.context_window else ""
    able = ", ".join(abilities(facts))
    return "; ".join(filter(None, (window, able))) or "as far as the registry knows"
