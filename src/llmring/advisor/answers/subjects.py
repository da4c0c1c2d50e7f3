"""The models that a question is about: those it names, or those of aliases."""

from __future__ import annotations

from llmring.advisor.grammar.intent_parts import AliasPhrase, ModelPhrase
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import chosen
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import price_tag


def named_models(context: Context, phrases: tuple[ModelPhrase, ...]) -> list[str]:
    """Return the models that phrases mean.

    Raises:
        UnclearRequestError: No model is meant, or several could be.
    """
    found = [each for phrase in phrases for each in chosen(context, phrase)]
    return [*dict.fromkeys(found)]


def models_of_aliases(context: Context, phrase: AliasPhrase) -> dict[Place, list[str]]:
    """Return the models of each alias that a phrase means.

    Raises:
        UnclearRequestError: An alias does not exist, or it is unclear which one is meant.
    """
    return {place: context.copy.models(*place) for place in context.places(phrase)}


def facts_of(context: Context, model: str) -> ModelFacts | None:
    """Return the facts about a model, if known."""
    return context.editor.facts(model)


def price_of(context: Context, model: str) -> str:
    """Format the prices of a model."""
    facts = facts_of(context, model)
    prices = facts.prices_on(context.editor.day) if facts else None
    return price_tag(prices) if prices else "an unknown price"


def abilities(facts: ModelFacts) -> list[str]:
    """Return the capabilities that matter for the choice of a model, in words."""
    return [_WORDS[each] for each in _WORDS if each in facts.capabilities]


_WORDS = {
    "vision": "images",
    "documents": "PDFs",
    "audio": "audio",
    "tools": "tools",
    "json_schema": "JSON schemas",
    "reasoning": "reasoning",
    "caching": "caching",
}


def in_words(capability: str) -> str:
    """Return a capability in words."""
    return _WORDS.get(capability, capability.replace("_", " "))
