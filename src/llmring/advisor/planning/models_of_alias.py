"""The models that an alias has, for the phrases of a request that name or describe them."""

from __future__ import annotations

import re
from decimal import Decimal

from llmring.advisor.grammar.intent_parts import DescribedModel, ModelPhrase, PlacedModel
from llmring.advisor.grammar.need_phrases import OWN_MACHINE
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import candidates, described_as, one
from llmring.advisor.planning.unclear import Option, UnclearRequestError
from llmring.advisor.ranking import Need, mixed_price


def one_in(context: Context, place: Place, phrase: ModelPhrase) -> str:
    """Select the model of a phrase, which may name it by its place in an alias.

    Raises:
        UnclearRequestError: No model is meant, or several could be.
    """
    there = context.copy.models(*place)
    if not isinstance(phrase, PlacedModel):
        return among(context, phrase, there) or one(context, phrase)
    if phrase.by_price:
        there = by_price(context, there)
    index = phrase.index if phrase.index >= 0 else len(there) + phrase.index
    if not 0 <= index < len(there) or (phrase.index < 0 and len(there) < 2):
        raise UnclearRequestError(
            f"{place[0]} has {', '.join(there) or 'no models'}. Nothing was changed."
        )
    return there[index]


def among(context: Context, phrase: ModelPhrase, models: list[str]) -> str | None:
    """Find the only model of some that a name without a version means: "sonnet", "google".

    Args:
        context: The context of the request.
        phrase: The name, or a description that gives nothing but the provider.
        models: The models that an alias has.
    """
    if isinstance(phrase, DescribedModel):
        return _of_provider(context, phrase, models)
    if not isinstance(phrase, SpokenModel) or phrase.text in context.meant:
        return None
    if len(phrase.models) == 1 and phrase.models[0] in models:
        return None
    words = re.findall(r"[a-z]+|\d", phrase.text)
    if any(word.isdigit() for word in words):
        return None
    found = [each for each in models if _has_words(each, words)]
    return found[0] if len(found) == 1 else None


def every_in(context: Context, place: Place, phrase: ModelPhrase) -> list[str]:
    """Return the models of an alias that a phrase may mean: "openai", "haiku", "gpt-4o".

    Raises:
        UnclearRequestError: It names no model, or a description could be of many.
    """
    there = context.copy.models(*place)
    match phrase:
        case DescribedModel(need) if need == Need(providers=need.providers, lines=need.lines):
            return [each for each in there if _is_of(each, need)]
        case SpokenModel(text):
            words = re.findall(r"[a-z]+|\d", text)
            if any(word.isdigit() for word in words):
                return [each for each in there if each == one(context, phrase)]
            # "mistral" means codestral, too: a vendor may be named like one of its models.
            return [
                each for each in there if each.partition(":")[0] == text or _has_words(each, words)
            ]
        case PlacedModel():
            return [one_in(context, place, phrase)]
        case _:
            raise UnclearRequestError("Name the models, please; nothing was changed.")


def _is_of(model: str, need: Need) -> bool:
    provider, _, name = model.partition(":")
    line = name.rpartition("/")[2].lower()
    return provider in need.providers or (bool(need.lines) and line.startswith(need.lines))


def _has_words(model: str, words: list[str]) -> bool:
    return set(words) <= set(re.findall(r"[a-z]+", model.partition(":")[2].lower()))


def is_vendor(need: Need) -> bool:
    """Return True if a need names nothing but a vendor, other than the user's own machine."""
    named = {*need.providers, *need.lines}
    is_plain = need == Need(providers=need.providers, lines=need.lines)
    return bool(named) and is_plain and not named <= set(OWN_MACHINE)


def _of_provider(context: Context, phrase: DescribedModel, models: list[str]) -> str | None:
    """Find the only model of some that a provider has; None if none of them is its own.

    Raises:
        UnclearRequestError: It has several.
    """
    need = phrase.need
    if phrase.is_precise or need != Need(providers=need.providers) or not need.providers:
        return None
    described = described_as(need)
    if described in context.meant:
        return None
    found = [each for each in models if each.partition(":")[0] in need.providers]
    if len(found) > 1:
        raise UnclearRequestError(
            f"Which {described}?",
            tuple(Option(each, None, {described: each}) for each in found),
        )
    return found[0] if found else None


def require_clear_rank(context: Context, place: Place, phrase: ModelPhrase) -> None:
    """Check that "the cheapest model" is the same among all models as among those of an alias.

    Raises:
        UnclearRequestError: It could be either.
    """
    if not isinstance(phrase, DescribedModel) or not phrase.is_precise:
        return
    need = phrase.need
    described = described_as(need)
    there = context.copy.models(*place)
    if need != Need(order=need.order) or described in context.meant or len(there) < 2:
        return
    every = [str(each) for each in candidates(context, need)]
    of_all = every[:1]
    # A model about to retire is not proposed, but may be meant.
    is_cheapest = need.order == "cheapest"
    own = by_price(context, there)[:1] if is_cheapest else [m for m in every if m in there][:1]
    if own != of_all:
        whose = {**dict.fromkeys(own, place[0]), **dict.fromkeys(of_all, "all models")}
        raise UnclearRequestError(
            f"The {need.order} of which models?",
            tuple(
                Option(f"{each} (the {need.order} of {of})", None, {described: each})
                for each, of in whose.items()
            ),
        )


def by_price(context: Context, models: list[str]) -> list[str]:
    """Sort models by price, the cheapest first.

    Raises:
        UnclearRequestError: A price is unknown.
    """
    prices: dict[str, Decimal] = {}
    for model in models:
        facts = context.editor.facts(model)
        price = mixed_price(facts, context.editor.day) if facts else None
        if price is None:
            raise UnclearRequestError(f"The price of {model} is unknown. Nothing was changed.")
        prices[model] = price
    return sorted(models, key=prices.__getitem__)
