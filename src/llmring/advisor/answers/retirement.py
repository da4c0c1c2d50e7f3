"""Answers about the retirement of models."""

from __future__ import annotations

from llmring.advisor.answers.subjects import models_of_aliases, named_models
from llmring.advisor.grammar.intents import AskRetirement
from llmring.advisor.planning.context import Context, Place


def retirement(context: Context, intent: AskRetirement) -> str:
    """Answer when models retire: those named, or those of aliases."""
    if intent.models:
        models = named_models(context, intent.models)
        context.recommended = tuple(models)
        return "\n".join(f"{model} {fate(context, model)}." for model in models)
    if intent.aliases.scope == "left out" and context.recommended:
        model = context.recommended[0]
        return f"{model} {fate(context, model)}."
    active = context.editor.profile
    everywhere = intent.aliases.scope == "all" and intent.aliases.profile is None
    found = (
        {place: context.copy.models(*place) for place in context.copy.own_places()}
        if everywhere
        else models_of_aliases(context, intent.aliases)
    )
    lines = [
        f"{_label(place, named=everywhere and place[1] != active)}: {model} {fate(context, model)}."
        for place, models in found.items()
        for model in models
        if _leaves(context, model) or intent.aliases.scope == "named"
    ]
    return "\n".join(lines) or "No model of these aliases has a date of retirement."


def fate(context: Context, model: str) -> str:
    """Describe the retirement of a model, as a predicate."""
    facts = context.editor.facts(model)
    if facts is None:
        return "is not in the registry"
    successor = f"; its successor is {facts.successor}" if facts.successor else ""
    day = context.editor.day
    if facts.retires is not None:
        verb = "was retired on" if facts.retires <= day else "retires on"
        return f"{verb} {facts.retires}{successor}"
    if facts.deprecated is not None:
        return f"is deprecated since {facts.deprecated}{successor}"
    return "has no announced retirement"


def _label(place: Place, *, named: bool) -> str:
    alias, profile = place
    return f"{alias} in profile {profile}" if named else alias


def _leaves(context: Context, model: str) -> bool:
    facts = context.editor.facts(model)
    return facts is not None and (facts.retires is not None or facts.deprecated is not None)
