"""The descriptions of models in a request, and the models that replace them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from llmring.advisor.grammar.intent_parts import AliasPhrase, DescribedModel, ModelList
from llmring.advisor.grammar.intents import BindAliases, Intent, Recommend, WantedModels
from llmring.advisor.grammar.spoken_models import SpokenModel


def described_in(intents: tuple[Intent, ...]) -> Iterator[DescribedModel]:
    """Yield the descriptions of the models that a request wants to bind or to hear of."""
    for intent in intents:
        if isinstance(intent, BindAliases | Recommend):
            yield from (each for each in intent.models.models if isinstance(each, DescribedModel))


def as_wished(intents: tuple[Intent, ...], is_alias: Callable[[str], bool]) -> tuple[Intent, ...]:
    """Return the intents with wishes for models made definite.

    A wish for an existing alias is a binding; for anything else, such as "development", it asks
    for a recommendation.

    Args:
        intents: The intents.
        is_alias: Returns True if an alias exists.
    """
    return tuple(
        (BindAliases if all(map(is_alias, each.aliases.names)) else _wanted)(
            each.aliases, each.models
        )
        if isinstance(each, WantedModels)
        else each
        for each in intents
    )


def _wanted(aliases: AliasPhrase, models: ModelList) -> Recommend:
    return Recommend(models, aliases)


def decided(intents: tuple[Intent, ...], model: str) -> tuple[Intent, ...]:
    """Return the intents with a model in the place of each description.

    Args:
        intents: The intents.
        model: The model, as "provider:model".
    """
    chosen = SpokenModel(model, (model,))

    def settled(models: ModelList) -> ModelList:
        phrases = tuple(
            chosen if isinstance(each, DescribedModel) else each for each in models.models
        )
        return replace(models, models=phrases)

    return tuple(
        replace(each, models=settled(each.models))
        if isinstance(each, BindAliases | Recommend)
        else each
        for each in intents
    )
