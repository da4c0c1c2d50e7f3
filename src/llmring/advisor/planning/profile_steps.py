"""The steps that create, copy and remove profiles."""

from __future__ import annotations

from msgspec.structs import replace

from llmring.advisor.changes import Bind, CopyProfile, CreateProfile, RemoveProfile
from llmring.advisor.grammar.intent_parts import DescribedModel, ModelList
from llmring.advisor.grammar.intents import (
    DropProfile,
    DuplicateProfile,
    NewProfiles,
    UseInProfile,
)
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.kinds import embeds
from llmring.advisor.planning.model_selection import candidates, fallbacks, local_in_use, selected
from llmring.advisor.planning.models_of_alias import every_in, is_vendor
from llmring.advisor.planning.unclear import AlreadySoError, UnclearRequestError
from llmring.advisor.ranking import Need
from llmring.registry.price import price_tag


def create(context: Context, intent: NewProfiles) -> None:
    """Create profiles that inherit the aliases of another, unless they are to be empty."""
    lockfile = context.copy.lockfile
    new = [name for name in intent.names if name not in lockfile.profiles]
    there = ", ".join(name for name in intent.names if name in lockfile.profiles)
    if not new:
        raise UnclearRequestError(f"There is a profile {there} already. Nothing was changed.")
    if there:
        context.notes.append(f"There is a profile {there} already; it stays as it is.")
    base = intent.extends
    usual = lockfile.default_profile
    if base is None and not intent.empty and context.copy.bindings(usual):
        base = usual
    context.profile_topic = new[0] if len(new) == 1 else None
    for name in new:
        context.copy.make(CreateProfile(name, base))
        if intent.models is not None:
            _bind_all(context, name, intent.models)
    if base is not None and intent.models is None:
        names = ", ".join(new)
        context.notes.append(f"{names}: same aliases as {base}, until you bind others there.")


def use(context: Context, intent: UseInProfile) -> None:
    """Bind every alias of a profile to models; a profile that is missing is created."""
    profile = intent.profile or context.profile or context.editor.profile
    if profile not in context.copy.lockfile.profiles:
        create(context, NewProfiles(names=(profile,)))
        context.notes.clear()
    models = intent.models
    one = models.models[0] if len(models.models) == 1 and models.fallbacks is None else None
    before = context.copy.change()
    if isinstance(one, DescribedModel) and (one.is_precise or is_vendor(one.need)):
        _bind_all(context, profile, one.need)
    else:
        chosen = selected(context, models)
        for alias in _of_kind(context, profile, embedding=embeds(context.editor, chosen)):
            if context.copy.models(alias, profile) != chosen:
                context.copy.make(Bind(alias, chosen, context.copy.given(profile)))
    if context.copy.change() == before:
        raise AlreadySoError(f"Profile {profile} has these models already. Nothing was changed.")
    context.profile_topic = profile
    context.turn_to(tuple((alias, profile) for alias in context.copy.bindings(profile)))


def _bind_all(context: Context, profile: str, need: Need) -> None:
    """Bind every alias of a profile to the best model for a need and the alias's own needs."""
    bound = context.copy.bindings(profile)
    if not bound:
        context.notes.append(f"Profile {profile} has no aliases yet.")
    for alias in _of_kind(context, profile, embedding=False):
        binding = bound[alias]
        own = (*need.capabilities, *binding.policy.get("needs", ()))
        whole = replace(
            need,
            capabilities=tuple(dict.fromkeys(own)),
            min_context=binding.policy.get("min_context", need.min_context),
        )
        found = candidates(context, whole)
        kept = every_in(context, (alias, profile), DescribedModel(need)) if is_vendor(need) else []
        if kept:
            context.copy.own(alias, profile)
            context.copy.make(Bind(alias, kept, context.copy.given(profile)))
            continue
        if is_vendor(need):
            # A vendor alone: for each alias, its model that is most like the present one.
            like = fallbacks(
                context, [str(binding.models[0])], None, 1, ModelList(models=(), backup=whole)
            )
            found = [each for each in found if str(each) in like] or found
        if not found:
            raise UnclearRequestError(
                f"No model meets this for alias {alias}. Nothing was changed."
            )
        model = local_in_use(context, whole, found) or str(found[0])
        facts = context.editor.facts(model)
        prices = facts.prices_on(context.editor.day) if facts else None
        reason = f"{need.order}, {price_tag(prices)}" if prices else None
        context.copy.make(Bind(alias, [model], context.copy.given(profile), reason))


def _of_kind(context: Context, profile: str, *, embedding: bool) -> list[str]:
    """Return the aliases of a profile for embeddings, or all others; note those left out."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for alias in context.copy.bindings(profile):
        found[embeds(context.editor, context.copy.models(alias, profile))].append(alias)
    left = found[not embedding]
    if left:
        purpose = "answers" if embedding else "embeddings"
        context.notes.append(f"{', '.join(left)}: left as it was, since it is for {purpose}.")
    return found[embedding]


def duplicate(context: Context, intent: DuplicateProfile) -> None:
    """Copy a profile."""
    context.copy.make(CopyProfile(intent.source, intent.name))
    context.profile_topic = intent.name


def drop(context: Context, intent: DropProfile) -> None:
    """Remove a profile."""
    context.copy.make(RemoveProfile(intent.name))
