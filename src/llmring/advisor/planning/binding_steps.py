"""The steps that bind, extend, reorder, replace, rename and remove aliases."""

from __future__ import annotations

from msgspec.structs import replace

from llmring.advisor.changes import Bind, RenameBinding, SetPolicy, Unbind
from llmring.advisor.grammar.intent_parts import (
    AliasPhrase,
    DescribedModel,
    ModelList,
    ModelPhrase,
    PlacedModel,
    Successor,
)
from llmring.advisor.grammar.intents import (
    AddModels,
    BindAliases,
    CopyAlias,
    MoveModel,
    OrderModels,
    RemoveAliases,
    RenameAlias,
    SetFallbacks,
    SpreadVendors,
    UseInProfile,
)
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.grammar.words import ENVIRONMENTS
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.kinds import embeds
from llmring.advisor.planning.model_selection import fallbacks, one, selected
from llmring.advisor.planning.models_of_alias import (
    among,
    by_price,
    is_vendor,
    one_in,
    require_clear_rank,
)
from llmring.advisor.planning.profile_steps import use
from llmring.advisor.planning.unclear import AlreadySoError, Option, UnclearRequestError
from llmring.registry.price import price_tag

_NOTHING = "Nothing was changed."


def bind(context: Context, intent: BindAliases) -> None:
    """Bind the aliases of a clause."""
    if intent.aliases.scope == "all":
        use(context, UseInProfile(intent.aliases.profile, intent.models))
        return
    places = context.places(intent.aliases, creates=True)
    if _succeeds(context, intent, places):
        return
    if intent.models.if_lacking and _are_able(context, intent.models, places):
        raise AlreadySoError(f"The models there can do this already. {_NOTHING}")
    models = selected(context, _own_models(context, intent.models, places))
    vendors = {each.partition(":")[0] for each in models}
    if len(vendors) < intent.models.vendors:
        raise UnclearRequestError(
            f"These models are of {len(vendors)} vendor, not {intent.models.vendors}. {_NOTHING}"
        )
    for alias, profile in places:
        given = context.copy.given(profile)
        context.copy.make(Bind(alias, models, given, _reason(context, intent, models)))


def _are_able(context: Context, models: ModelList, places: tuple[Place, ...]) -> bool:
    """Return True if the first models of aliases meet the only description of a list."""
    match models.models:
        case (DescribedModel(need),) if need.capabilities or need.min_context:
            firsts = [context.copy.models(*place)[:1] for place in places]
            facts = [context.editor.facts(each[0]) if each else None for each in firsts]
        case _:
            return False
    return all(
        each is not None
        and each.capabilities.issuperset(need.capabilities)
        and (each.context_window or 0) >= (need.min_context or 0)
        for each in facts
    )


def _own_models(context: Context, models: ModelList, places: tuple[Place, ...]) -> ModelList:
    """Read "claude first, then gpt-6-sol" as the only claude that the aliases have."""
    if len(models.models) < 2:
        return models
    phrases: list[ModelPhrase] = []
    for phrase in models.models:
        own = {
            each
            for place in places
            if isinstance(phrase, SpokenModel) and len(phrase.models) > 1
            for each in context.copy.models(*place)
            if each in phrase.models
        }
        is_clear = isinstance(phrase, SpokenModel) and len(own) == 1
        phrases.append(replace(phrase, models=tuple(own)) if is_clear else phrase)
    return replace(models, models=tuple(phrases))


def _succeeds(context: Context, intent: BindAliases, places: tuple[Place, ...]) -> bool:
    """Put a successor in the place of its predecessor, where aliases have that one."""
    match intent.models.models:
        case (Successor(SpokenModel() as named),) if intent.models.fallbacks is None:
            old, new = one(context, named), one(context, Successor(named))
        case _:
            return False
    if not all(old in context.copy.models(*place) for place in places):
        return False
    for place in places:
        swapped = [new if each == old else each for each in context.copy.models(*place)]
        rebind(context, place, [*dict.fromkeys(swapped)])
    return True


def add(context: Context, intent: AddModels) -> None:
    """Add models to aliases, behind those that they have."""
    for place in context.places(intent.aliases):
        there = models_of(context, place)
        if _stays(context, intent.aliases, there):
            continue
        wanted = _with_needs(context, place, _chosen_of_vendor(intent.models))
        models = selected(context, wanted, tuple(there))
        new = [each for each in models if each not in there]
        if not new:
            raise AlreadySoError(
                f"{place[0]} has {', '.join(models) or 'these models'} already. {_NOTHING}"
            )
        rebind(context, place, [*there, *new])


def _stays(context: Context, phrase: AliasPhrase, models: list[str]) -> bool:
    """Return True for embeddings among all aliases: no other model makes the same ones."""
    return phrase.scope == "all" and embeds(context.editor, models)


def _with_needs(context: Context, place: Place, models: ModelList) -> ModelList:
    """Ask of the fallbacks to choose what the alias needs by its policy."""
    if models.backup is None:
        return models
    needs = context.copy.policy(*place).get("needs", ())
    able = tuple(dict.fromkeys((*models.backup.capabilities, *needs)))
    return replace(models, backup=replace(models.backup, capabilities=able))


def _chosen_of_vendor(models: ModelList) -> ModelList:
    """Read "a google model" as a fallback to choose among those of the vendor."""
    match models.models:
        case (DescribedModel(need, is_precise=False),) if is_vendor(need):
            return ModelList(models=(), fallbacks=1, backup=need)
        case _:
            return models


def set_fallbacks(context: Context, intent: SetFallbacks) -> None:
    """Replace the fallbacks of aliases."""
    for place in context.places(intent.aliases):
        there = models_of(context, place)
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
        rebind(context, place, [*dict.fromkeys((there[0], *models))])


def move(context: Context, intent: MoveModel) -> None:
    """Move a model to the front or the end; one that is new is added there."""
    for place in context.places(intent.aliases, creates=True):
        require_clear_rank(context, place, intent.model)
        model = one_in(context, place, intent.model)
        rest = [each for each in context.copy.models(*place) if each != model]
        at = {"first": 0, "second": 1, "last": len(rest)}[intent.place]
        rebind(context, place, [*rest[:at], model, *rest[at:]])


def order(context: Context, intent: OrderModels) -> None:
    """Put models into an order: the named ones take the places that they have together."""
    done = False
    for place in context.places(intent.aliases):
        there = models_of(context, place)
        if intent.by_price:
            done = _sorted_by_price(context, intent, place, there) or done
            continue
        wanted = [one_in(context, place, each) for each in intent.models] or there[::-1]
        missing = [each for each in wanted if each not in there]
        if intent.inserts and len(wanted) == 2 and len(missing) == 1:
            first, second = wanted
            at = there.index(second) if missing == [first] else there.index(first) + 1
            there.insert(at, missing[0])
            missing = []
        if missing or len(there) < 2:
            lack = f"does not have {', '.join(missing)}" if missing else "has a single model"
            raise UnclearRequestError(f"{place[0]} {lack}. {_NOTHING}")
        left = iter(wanted)
        rebind(context, place, [next(left) if each in wanted else each for each in there])
        done = True
    if not done:
        raise AlreadySoError(f"All aliases are in this order already. {_NOTHING}")


def _sorted_by_price(context: Context, intent: OrderModels, place: Place, there: list[str]) -> bool:
    """Sort the models of an alias; of all aliases, those that are sorted stay as they are."""
    wanted = by_price(context, there)
    if wanted == there and intent.aliases.scope == "all":
        return False
    rebind(context, place, wanted)
    return True


def spread(context: Context, intent: SpreadVendors) -> None:
    """Add fallbacks until aliases have models of several vendors."""
    done = False
    for place in context.places(intent.aliases):
        there = models_of(context, place)
        if _stays(context, intent.aliases, there):
            continue
        vendors = len({each.partition(":")[0] for each in there})
        missing = max(intent.vendors - vendors, intent.models - len(there))
        if missing > 0:
            new = fallbacks(context, there, None, missing)
            if len(new) < missing:
                raise UnclearRequestError(f"No other vendor has a model like these. {_NOTHING}")
            rebind(context, place, [*there, *new])
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
        models = models_of(context, (alias, profile))
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
    places = context.places(intent.aliases)
    if intent.everywhere:
        names = {alias for alias, _ in places}
        places = tuple(each for each in context.copy.own_places() if each[0] in names)
        # Those that inherit an alias first.
        places = places[::-1]
    for alias, profile in places:
        context.copy.make(Unbind(alias, context.copy.given(profile)))


def models_of(context: Context, place: Place) -> list[str]:
    """Return the models of an alias.

    Raises:
        UnclearRequestError: Its profile does not have it.
    """
    found = context.copy.models(*place)
    if not found:
        raise UnclearRequestError(f"Profile {place[1]} has no alias {place[0]}. {_NOTHING}")
    return found


def rebind(context: Context, place: Place, models: list[str]) -> None:
    """Bind an alias to other models, in its profile itself.

    Raises:
        AlreadySoError: It has these models.
    """
    alias, profile = place
    if models == context.copy.models(alias, profile):
        raise AlreadySoError(f"{alias} has these models in this order already. {_NOTHING}")
    context.copy.own(alias, profile)
    context.copy.make(Bind(alias, models, context.copy.given(profile)))


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
