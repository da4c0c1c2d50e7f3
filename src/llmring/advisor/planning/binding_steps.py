"""The steps that bind, extend, reorder, replace, rename and remove aliases."""

from __future__ import annotations

from llmring.advisor.changes import Bind, RenameBinding, ReplaceModel, SetPolicy, Unbind
from llmring.advisor.grammar.intent_parts import (
    AliasPhrase,
    DescribedModel,
    ModelList,
    ModelPhrase,
    PlacedModel,
)
from llmring.advisor.grammar.intents import (
    AddModels,
    BindAliases,
    CopyAlias,
    MoveModel,
    OrderModels,
    RemoveAliases,
    RenameAlias,
    ReplaceModels,
    SetFallbacks,
    SpreadVendors,
    UpgradeModels,
)
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.grammar.words import ENVIRONMENTS
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import (
    among,
    by_price,
    fallbacks,
    one,
    one_in,
    require_clear_rank,
    selected,
)
from llmring.advisor.planning.unclear import AlreadySoError, Option, UnclearRequestError
from llmring.lockfile.document import ModelRef
from llmring.registry.price import price_tag
from llmring.registry.successors import ReplacementRules, steps

_NOTHING = "Nothing was changed."


def bind(context: Context, intent: BindAliases) -> None:
    """Bind the aliases of a clause."""
    places = context.places(intent.aliases, creates=True)
    models = selected(context, intent.models)
    vendors = {each.partition(":")[0] for each in models}
    if len(vendors) < intent.models.vendors:
        raise UnclearRequestError(
            f"These models are of {len(vendors)} vendor, not {intent.models.vendors}. {_NOTHING}"
        )
    for alias, profile in places:
        given = context.copy.given(profile)
        context.copy.make(Bind(alias, models, given, _reason(context, intent, models)))


def add(context: Context, intent: AddModels) -> None:
    """Add models to aliases, behind those that they have."""
    for place in context.places(intent.aliases):
        there = _models(context, place)
        models = selected(context, intent.models, tuple(there))
        new = [each for each in models if each not in there]
        if not new:
            raise AlreadySoError(
                f"{place[0]} has {', '.join(models) or 'these models'} already. {_NOTHING}"
            )
        _rebind(context, place, [*there, *new])


def set_fallbacks(context: Context, intent: SetFallbacks) -> None:
    """Replace the fallbacks of aliases."""
    for place in context.places(intent.aliases):
        there = _models(context, place)
        models = [
            one_in(context, place, each)
            if isinstance(each, PlacedModel)
            else among(context, each, there[1:]) or one(context, each)
            for each in intent.models
        ]
        if there[0] in models:
            raise UnclearRequestError(
                f"{there[0]} is the first model of {place[0]}, not a fallback. {_NOTHING}"
            )
        _rebind(context, place, [*dict.fromkeys((there[0], *models))])


def move(context: Context, intent: MoveModel) -> None:
    """Move a model to the front or the end; one that is new is added there."""
    for place in context.places(intent.aliases, creates=True):
        require_clear_rank(context, place, intent.model)
        model = one_in(context, place, intent.model)
        rest = [each for each in context.copy.models(*place) if each != model]
        _rebind(context, place, [model, *rest] if intent.place == "first" else [*rest, model])


def order(context: Context, intent: OrderModels) -> None:
    """Put models into an order: the named ones take the places that they have together."""
    for place in context.places(intent.aliases):
        there = _models(context, place)
        if intent.by_price:
            _rebind(context, place, by_price(context, there))
            continue
        wanted = [one_in(context, place, each) for each in intent.models] or there[::-1]
        missing = [each for each in wanted if each not in there]
        if missing == wanted[:1] and intent.inserts:
            there.insert(there.index(wanted[1]), wanted[0])
            missing = []
        if missing or len(there) < 2:
            lack = f"does not have {', '.join(missing)}" if missing else "has a single model"
            raise UnclearRequestError(f"{place[0]} {lack}. {_NOTHING}")
        left = iter(wanted)
        _rebind(context, place, [next(left) if each in wanted else each for each in there])


def replace_models(context: Context, intent: ReplaceModels) -> None:
    """Replace a model by another: in the named aliases, in a profile, or in every profile."""
    phrase = intent.aliases
    new = one(context, intent.new)
    old = _used(context, intent.old, phrase)
    if old == new:
        raise UnclearRequestError(f"Both are {old}. {_NOTHING}")
    if phrase.scope in ("named", "back"):
        for place in context.places(phrase):
            there = _models(context, place)
            if old not in there:
                raise UnclearRequestError(
                    f"{place[0]} does not have {old}; it has {', '.join(there)}. {_NOTHING}"
                )
            swapped = [new if each == old else each for each in there]
            _rebind(context, place, [*dict.fromkeys(swapped)])
        return
    profile = phrase.profile or context.profile
    users = _users(context, old, profile)
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


def upgrade(context: Context, intent: UpgradeModels) -> None:
    """Replace the models of aliases by the newest of their lines."""
    editor = context.editor
    done = False
    for alias, profile in context.places(intent.aliases):
        there = _models(context, (alias, profile))
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
            _rebind(context, (alias, profile), models)
    if not done:
        raise AlreadySoError(f"No newer model fits. {_NOTHING}")


def spread(context: Context, intent: SpreadVendors) -> None:
    """Add fallbacks until aliases have models of several vendors."""
    done = False
    for place in context.places(intent.aliases):
        there = _models(context, place)
        vendors = len({each.partition(":")[0] for each in there})
        missing = max(intent.vendors - vendors, intent.models - len(there))
        if missing > 0:
            new = fallbacks(context, there, None, missing)
            if len(new) < missing:
                raise UnclearRequestError(f"No other vendor has a model like these. {_NOTHING}")
            _rebind(context, place, [*there, *new])
            done = True
    if not done:
        raise _has_fallbacks(context, intent)


def _has_fallbacks(context: Context, intent: SpreadVendors) -> AlreadySoError:
    """Build the answer that aliases have such models, with the option to add a fallback."""
    places = context.places(intent.aliases)
    if len(places) > 1:
        return AlreadySoError(f"All of them have such models already. {_NOTHING}")
    [(alias, profile)] = places
    phrase = AliasPhrase(names=(alias,), profile=profile)
    one_more = AddModels(phrase, ModelList(models=(), fallbacks=1))
    return AlreadySoError(
        f"{alias} has {', '.join(context.copy.models(alias, profile))} already. {_NOTHING}",
        (Option(f"add one more fallback to {alias}", (one_more,)),),
    )


def rename(context: Context, intent: RenameAlias) -> None:
    """Rename an alias."""
    (alias, profile), *more = context.places(intent.old)
    if more:
        raise UnclearRequestError(context.which_alias())
    if alias not in context.editor.aliases(profile):
        raise UnclearRequestError(f"Which name should {alias} have? {_NOTHING}")
    profiles = _owners(context, alias) if intent.everywhere else [profile]
    for name in profiles:
        context.copy.make(RenameBinding(alias, intent.new, context.copy.given(name)))
    context.turn_to(((intent.new, profile),), instead_of=((alias, profile),))
    others = [
        name
        for name, other in context.copy.lockfile.profiles.items()
        if name != profile and alias in other.bindings
    ]
    if others:
        context.notes.append(f"Still named {alias} in: {', '.join(others)}.")


def _owners(context: Context, alias: str) -> list[str]:
    """Return the profiles that bind an alias themselves, those that extend others first."""
    every = context.copy.lockfile.profiles

    def depth(name: str) -> int:
        base = every[name].extends if name in every else None
        return 0 if base is None else 1 + depth(base)

    own = [
        each.name
        for each in every.values()
        if alias in each.bindings and each.bindings[alias].at[1] == each.name
    ]
    return sorted(own, key=depth, reverse=True)


def copy(context: Context, intent: CopyAlias) -> None:
    """Copy an alias under another name, or into a profile of that name."""
    copied: list[Place] = []
    for alias, profile in context.places(intent.alias):
        to = (intent.to, profile)
        if intent.to in context.copy.lockfile.profiles and not context.is_alias(intent.to):
            to = (alias, intent.to)
        elif intent.to in context.copy.bindings(profile):
            raise UnclearRequestError(f"There is an alias {intent.to} already. {_NOTHING}")
        elif intent.to.lower() in ENVIRONMENTS:
            raise UnclearRequestError(
                f"No profile is called {intent.to}. Create it first: create a profile called "
                f"{intent.to}. {_NOTHING}"
            )
        models = _models(context, (alias, profile))
        policy = context.copy.policy(alias, profile)
        given = context.copy.given(to[1])
        context.copy.make(Bind(to[0], models, given))
        for key, value in policy.items():
            context.copy.make(SetPolicy(key, value, to[0], given))
        copied.append(to)
    context.turn_to(tuple(copied))


def remove(context: Context, intent: RemoveAliases) -> None:
    """Remove the named aliases."""
    if intent.aliases.scope == "all":
        raise UnclearRequestError(f"I remove one alias at a time. {context.which_alias()}")
    for alias, profile in context.places(intent.aliases):
        context.copy.make(Unbind(alias, context.copy.given(profile)))


def _models(context: Context, place: Place) -> list[str]:
    found = context.copy.models(*place)
    if not found:
        raise UnclearRequestError(f"Profile {place[1]} has no alias {place[0]}. {_NOTHING}")
    return found


def _rebind(context: Context, place: Place, models: list[str]) -> None:
    alias, profile = place
    if models == context.copy.models(alias, profile):
        raise AlreadySoError(f"{alias} has these models in this order already. {_NOTHING}")
    context.copy.own(alias, profile)
    context.copy.make(Bind(alias, models, context.copy.given(profile)))


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
    ref = ModelRef.parse(model)
    return tuple(
        (alias, each.name)
        for each in context.copy.lockfile.profiles.values()
        for alias, binding in each.bindings.items()
        if binding.at[1] == each.name and ref in binding.models and profile in (None, each.name)
    )


def _reason(context: Context, intent: BindAliases, models: list[str]) -> str | None:
    """Give the reason for a binding: what the request describes, and the price."""
    facts = context.editor.facts(models[0])
    prices = facts.prices_on(context.editor.day) if facts else None
    if prices is None:
        return None
    need = next(
        (each.need for each in intent.models.models if isinstance(each, DescribedModel)), None
    )
    if need is None:
        return price_tag(prices)
    able = f" with {', '.join(need.capabilities)}" if need.capabilities else ""
    return f"{need.order}{able}, {price_tag(prices)}"
