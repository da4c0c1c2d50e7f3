"""The steps that remove models from aliases, or keep only some of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from llmring.advisor.changes import Bind
from llmring.advisor.grammar.intent_parts import (
    AliasPhrase,
    DescribedModel,
    ModelList,
    ModelPhrase,
)
from llmring.advisor.grammar.intents import KeepModels, RemoveModels
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import selected
from llmring.advisor.planning.models_of_alias import every_in, one_in
from llmring.advisor.planning.unclear import AlreadySoError, Option, UnclearRequestError

_NOTHING = "Nothing was changed."


def remove_models(context: Context, intent: RemoveModels) -> None:
    """Remove models from aliases; at least one must remain in each."""
    phrase = intent.aliases
    many = phrase.scope in ("all", "everywhere")
    places = context.copy.own_places() if phrase.scope == "everywhere" else context.places(phrase)
    left: dict[Place, list[str]] = {}
    for place in places:
        there = _models(context, place)
        if many or intent.every:
            gone = [each for named in intent.models for each in every_in(context, place, named)]
        else:
            gone = _named_in(context, place, intent.models)
        rest = [each for each in there if each not in gone] if intent.models else there[:1]
        if rest != there:
            left[place] = rest
    _require_some(context, intent, places, left)
    for place, rest in left.items():
        _keep(context, place, rest)
    context.turn_to(tuple(left))
    if phrase.scope == "all":
        _note_others(context, intent)


def keep_models(context: Context, intent: KeepModels) -> None:
    """Keep only the models of some vendors in aliases; without any, one is to be chosen."""
    for place in context.places(intent.aliases):
        rest = every_in(context, place, intent.vendors)
        rest = rest or selected(context, ModelList(models=(intent.vendors,)))
        if rest == _models(context, place):
            raise AlreadySoError(f"{place[0]} has no other models already. {_NOTHING}")
        _keep(context, place, rest)


def _models(context: Context, place: Place) -> list[str]:
    there = context.copy.models(*place)
    if not there:
        raise UnclearRequestError(f"Profile {place[1]} has no alias {place[0]}. {_NOTHING}")
    return there


def _named_in(context: Context, place: Place, phrases: tuple[ModelPhrase, ...]) -> list[str]:
    """Select the models to remove, each of which the alias must have."""
    there = context.copy.models(*place)
    _require_provider(place, phrases, there)
    gone = [one_in(context, place, each) for each in phrases]
    missing = [each for each in gone if each not in there]
    if missing:
        raise UnclearRequestError(
            f"{place[0]} does not have {', '.join(missing)}; it has {', '.join(there)}. {_NOTHING}"
        )
    return gone


def _require_provider(place: Place, phrases: tuple[ModelPhrase, ...], there: list[str]) -> None:
    """Check that an alias has a model of each provider that a request names."""
    has = {each.partition(":")[0] for each in there}
    for phrase in phrases:
        if isinstance(phrase, DescribedModel) and phrase.need.providers:
            wanted = phrase.need.providers
            if not has.intersection(wanted):
                raise UnclearRequestError(
                    f"{place[0]} has no model of {' or '.join(wanted)}; it has "
                    f"{', '.join(there)}. {_NOTHING}"
                )


def _require_some(
    context: Context,
    intent: RemoveModels,
    places: Sequence[Place],
    left: dict[Place, list[str]],
) -> None:
    """Check that the request changes an alias, and that each keeps a model.

    Raises:
        UnclearRequestError: An alias would have no model; the option leaves such ones as they are.
    """
    if not left:
        has = "; ".join(f"{each[0]} has {', '.join(_models(context, each))}" for each in places)
        raise AlreadySoError(f"No such model can be removed: {has}. {_NOTHING}")
    bare = [place for place, rest in left.items() if not rest]
    if bare:
        has = "; ".join(f"{each[0]} has only {', '.join(_models(context, each))}" for each in bare)
        others = [place for place in left if place not in bare]
        raise UnclearRequestError(
            f"{has}, and would have no other model. Bind it to another one, or remove the alias. "
            f"{_NOTHING}",
            _only(intent, others) if others else (),
        )


def _only(intent: RemoveModels, places: Sequence[Place]) -> tuple[Option, ...]:
    """Return the option to change some of the aliases."""
    intents = tuple(
        replace(intent, aliases=AliasPhrase(names=(alias,), profile=profile), every=True)
        for alias, profile in places
    )
    return (Option(f"only in {', '.join(alias for alias, _ in places)}", intents),)


def _note_others(context: Context, intent: RemoveModels) -> None:
    """Remark on the aliases of other profiles that have the models."""
    still = [
        f"{alias} in profile {profile}"
        for alias, profile in context.copy.own_places()
        if any(every_in(context, (alias, profile), each) for each in intent.models)
    ]
    if still:
        context.notes.append(f"Still in: {', '.join(still)}.")


def _keep(context: Context, place: Place, models: list[str]) -> None:
    alias, profile = place
    context.copy.own(alias, profile)
    context.copy.make(Bind(alias, models, context.copy.given(profile)))
