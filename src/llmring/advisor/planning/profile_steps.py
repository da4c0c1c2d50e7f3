"""The steps that create, copy and remove profiles."""

from __future__ import annotations

from msgspec.structs import replace

from llmring.advisor.changes import Bind, CopyProfile, CreateProfile, RemoveProfile
from llmring.advisor.grammar.intents import DropProfile, DuplicateProfile, NewProfiles
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.model_selection import candidates
from llmring.advisor.planning.unclear import UnclearRequestError
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
    for name in new:
        context.copy.make(CreateProfile(name, base))
        if intent.models is not None:
            _bind_all(context, name, intent.models)
    if base is not None and intent.models is None:
        names = ", ".join(new)
        context.notes.append(f"{names}: same aliases as {base}, until you bind others there.")


def _bind_all(context: Context, profile: str, need: Need) -> None:
    """Bind every alias of a profile to the best model for a need and the alias's own needs."""
    bound = context.copy.bindings(profile)
    if not bound:
        context.notes.append(f"Profile {profile} has no aliases yet.")
    for alias, binding in bound.items():
        own = (*need.capabilities, *binding.policy.get("needs", ()))
        whole = replace(
            need,
            capabilities=tuple(dict.fromkeys(own)),
            min_context=binding.policy.get("min_context", need.min_context),
        )
        found = candidates(context, whole)
        if not found:
            raise UnclearRequestError(
                f"No model meets this for alias {alias}. Nothing was changed."
            )
        prices = found[0].prices_on(context.editor.day)
        reason = f"{need.order}, {price_tag(prices)}" if prices else None
        context.copy.make(Bind(alias, [str(found[0])], profile, reason))


def duplicate(context: Context, intent: DuplicateProfile) -> None:
    """Copy a profile."""
    context.copy.make(CopyProfile(intent.source, intent.name))


def drop(context: Context, intent: DropProfile) -> None:
    """Remove a profile."""
    context.copy.make(RemoveProfile(intent.name))
