"""Answers about what models can do."""

from __future__ import annotations

from llmring.advisor.answers.retirement import fate
from llmring.advisor.answers.subjects import (
    abilities,
    in_words,
    models_of_aliases,
    named_models,
    price_of,
)
from llmring.advisor.grammar.intents import AskAbilities
from llmring.advisor.planning.context import Context


def able(context: Context, intent: AskAbilities) -> str:
    """Answer what models can do, or whether they have capabilities."""
    if intent.models:
        models = named_models(context, intent.models)
        context.recommended = tuple(models)
        rows = [(model, model) for model in models]
    elif intent.aliases.scope == "left out" and context.recommended:
        rows = [(context.recommended[0],) * 2]
    else:
        rows = [
            (f"{alias} ({models[0]})", models[0])
            for (alias, _), models in models_of_aliases(context, intent.aliases).items()
        ]
    if intent.min_context is not None:
        return "\n".join(
            f"{label}: {_room(context, model, intent.min_context)}." for label, model in rows
        )
    if not intent.capabilities:
        return "\n".join(f"{label}: {_details(context, model)}." for label, model in rows)
    return "\n".join(f"{label}: {_has(context, model, intent)}." for label, model in rows)


def _has(context: Context, model: str, intent: AskAbilities) -> str:
    facts = context.editor.facts(model)
    if facts is None:
        return "not in the registry"
    lacks = [in_words(each) for each in intent.capabilities if each not in facts.capabilities]
    if lacks:
        return f"no, it lacks {', '.join(lacks)}"
    return f"yes, it has {', '.join(map(in_words, intent.capabilities))}"


def _room(context: Context, model: str, tokens: int) -> str:
    facts = context.editor.facts(model)
    if facts is None or facts.context_window is None:
        return "its context is unknown"
    verdict = "yes" if facts.context_window >= tokens else "no"
    return f"{verdict}, it has a context of {facts.context_window:,} tokens"


def _details(context: Context, model: str) -> str:
    facts = context.editor.facts(model)
    if facts is None:
        return "not in the registry"
    words = [price_of(context, model)]
    if facts.context_window:
        words.append(f"context of {facts.context_window:,} tokens")
    if facts.max_output:
        words.append(f"answers of up to {facts.max_output:,} tokens")
    words.append(", ".join(abilities(facts)))
    words.append(fate(context, model))
    return "; ".join(filter(None, words))
