"""The steps that replace models: by others, by successors, or by the newest of their lines."""

from __future__ import annotations

from llmring.advisor.changes import ReplaceModel
from llmring.advisor.grammar.intent_parts import (
    AliasPhrase,
    DescribedModel,
    ModelPhrase,
    PlacedModel,
    Successor,
)
from llmring.advisor.grammar.intents import ReplaceModels, UpgradeModels
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.planning.binding_steps import models_of, rebind
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import one, successor_of
from llmring.advisor.planning.models_of_alias import among, every_in, one_in
from llmring.advisor.planning.unclear import AlreadySoError, UnclearRequestError
from llmring.lockfile.document import ModelRef
from llmring.registry.successors import ReplacementRules, steps

_NOTHING = "Nothing was changed."


def replace_models(context: Context, intent: ReplaceModels) -> None:
    """Replace a model by another: in the named aliases, in a profile, or in every profile."""
    phrase = intent.aliases
    if intent.every:
        _replace_every(context, intent)
        return
    old = _used(context, intent.old, phrase)
    is_next = isinstance(intent.new, Successor) and intent.new.model is None
    new = successor_of(context, old) if is_next else one(context, intent.new)
    if old == new:
        raise UnclearRequestError(f"Both are {old}. {_NOTHING}")
    if phrase.scope in ("named", "back"):
        _swap(context, context.places(phrase), old, new)
        return
    profile = phrase.profile or context.profile
    users = _users(context, old, profile)
    if not users and profile is not None:
        inherited = _inheriting(context, old, profile)
        if inherited:
            _swap(context, inherited, old, new)
            return
    if not users:
        raise UnclearRequestError(f"No alias has {old}. {_NOTHING}")
    if phrase.scope == "left out" and profile is None and len({p for _, p in users}) > 1:
        where = ", ".join(f"{alias} in {place}" for alias, place in users)
        raise UnclearRequestError(
            f"{old} is in several profiles ({where}). Write: everywhere, or name a profile. "
            f"{_NOTHING}"
        )
    context.turn_to(users)
    context.copy.make(ReplaceModel(old, new, profile))


def _swap(context: Context, places: tuple[Place, ...], old: str, new: str) -> None:
    """Put a model in the place of another in aliases, which must have that one."""
    for place in places:
        there = models_of(context, place)
        if old not in there:
            raise UnclearRequestError(
                f"{place[0]} does not have {old}; it has {', '.join(there)}. {_NOTHING}"
            )
        swapped = [new if each == old else each for each in there]
        rebind(context, place, [*dict.fromkeys(swapped)])


def _replace_every(context: Context, intent: ReplaceModels) -> None:
    """Replace all models that a name means, such as those of a vendor."""
    phrase = intent.aliases
    new = one(context, intent.new)
    profile = phrase.profile or context.profile
    places = (
        context.places(phrase)
        if phrase.scope in ("named", "back")
        else tuple(each for each in context.copy.own_places() if profile in (None, each[1]))
    )
    done = False
    for place in places:
        there = models_of(context, place)
        gone = [each for each in every_in(context, place, intent.old) if each != new]
        if gone:
            done = True
            swapped = [new if each in gone else each for each in there]
            rebind(context, place, [*dict.fromkeys(swapped)])
    if not done:
        raise UnclearRequestError(f"No alias has such a model. {_NOTHING}")


def upgrade(context: Context, intent: UpgradeModels) -> None:
    """Replace the models of aliases by the newest of their lines."""
    editor = context.editor
    done = False
    for alias, profile in context.places(intent.aliases):
        there = models_of(context, (alias, profile))
        policy = context.copy.policy(alias, profile)
        rules = ReplacementRules(
            on=editor.day,
            needs=policy.get("needs", ()),
            min_context=policy.get("min_context", 0),
        )
        models = []
        for step in steps([ModelRef.parse(each) for each in there], editor.known, rules):
            facts = step.facts
            leaves = facts is not None and bool(facts.retires or facts.deprecated)
            is_due = leaves or not intent.retiring
            models.append(str(step.to) if step.to is not None and is_due else str(step.ref))
        if models != there:
            done = True
            rebind(context, (alias, profile), models)
    if not done:
        raise AlreadySoError(f"No newer model fits. {_NOTHING}")


def _used(context: Context, phrase: ModelPhrase, aliases: AliasPhrase) -> str:
    """Select the model to replace: of all with its name, the one that is used."""
    if isinstance(phrase, PlacedModel):
        [place] = context.places(aliases)[:1]
        return one_in(context, place, phrase)
    if isinstance(phrase, SpokenModel | DescribedModel):
        places = (
            context.places(aliases)
            if aliases.scope in ("named", "back")
            else [
                (alias, each.name)
                for each in context.copy.lockfile.profiles.values()
                for alias in each.bindings
            ]
        )
        every = [model for place in places for model in context.copy.models(*place)]
        found = among(context, phrase, [*dict.fromkeys(every)])
        if found is not None:
            return found
    return one(context, phrase)


def _users(context: Context, model: str, profile: str | None) -> tuple[Place, ...]:
    return tuple(
        place
        for place in context.copy.own_places()
        if profile in (None, place[1]) and model in context.copy.models(*place)
    )


def _inheriting(context: Context, model: str, profile: str) -> tuple[Place, ...]:
    """Return the aliases of a profile with a model, those that it inherits too."""
    bound = context.copy.bindings(profile)
    return tuple(
        (alias, profile) for alias in bound if model in context.copy.models(alias, profile)
    )
