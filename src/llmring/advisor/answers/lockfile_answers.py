"""Answers about the lockfile: its aliases, profiles, limits, and the providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.advisor.grammar.intents import AskAliases, AskOutage, AskUsers
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.model_selection import one
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.lockfile.document import ModelRef


def aliases(context: Context, intent: AskAliases) -> str:
    """List the aliases of a profile, or describe those named with their policies."""
    if intent.aliases.scope == "all":
        profile = intent.aliases.profile or context.editor.profile
        if profile not in context.copy.lockfile.profiles:
            raise UnclearRequestError(f"No profile is called {profile}. {profiles(context)}")
        bound = context.copy.bindings(profile)
        if not bound:
            return f"Profile {profile} has no aliases yet."
        lines = [_line(alias, binding.models, binding.policy) for alias, binding in bound.items()]
        own = context.copy.lockfile.profiles[profile].policy
        policy = [f"(all: {_policy(own)})"] if own else []
        return "\n".join([f"Profile {profile}:", *lines, *policy])
    lines = []
    for alias, profile in context.places(intent.aliases):
        binding = context.copy.bindings(profile)[alias]
        lines.append(_line(alias, binding.models, binding.policy))
    return "\n".join(lines)


def _line(alias: str, models: tuple[ModelRef, ...], policy: Mapping[str, Any]) -> str:
    limits = f" ({_policy(policy)})" if policy else ""
    return f"{alias} → {', '.join(map(str, models))}{limits}"


def _policy(policy: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in policy.items())


def users(context: Context, intent: AskUsers) -> str:
    """List the aliases with a model, with models of a provider, or without a fallback."""
    model = None if intent.model is None else one(context, intent.model)
    found = []
    for profile in context.copy.lockfile.profiles.values():
        for alias, binding in profile.bindings.items():
            refs = [str(each) for each in binding.models]
            providers = {each.provider for each in binding.models}
            if (
                model in refs
                if model is not None
                else intent.provider in providers
                if intent.provider is not None
                else len(refs) == 1
            ):
                found.append(f"{alias} in profile {profile.name} → {', '.join(refs)}")
    return "\n".join(found) or "No alias."


def outage(context: Context, intent: AskOutage) -> str:
    """Answer which aliases would stop in an outage of a provider, and which would fall back."""
    stop, fall_back = [], []
    for profile in context.copy.lockfile.profiles.values():
        for alias, binding in profile.bindings.items():
            others = [str(each) for each in binding.models if each.provider != intent.provider]
            name = f"{alias} in profile {profile.name}"
            if not others:
                stop.append(name)
            elif len(others) < len(binding.models):
                fall_back.append(f"{name} → {others[0]}")
    return (
        f"Without {intent.provider} these stop: {', '.join(stop) or 'no alias'}.\n"
        f"These fall back: {', '.join(fall_back) or 'no alias'}."
    )


def profiles(context: Context) -> str:
    """List the profiles."""
    lockfile = context.copy.lockfile
    lines = []
    for name, profile in lockfile.profiles.items():
        extends = f" (extends {profile.extends})" if profile.extends else ""
        lines.append(f"{name}{extends}: {', '.join(profile.bindings) or 'no aliases'}")
    usual = lockfile.default_profile
    return "\n".join(["Profiles:", *lines, f"The default profile is {usual}."])


def providers(context: Context) -> str:
    """List the providers that can be called here."""
    editor = context.editor
    usable = [name for name in editor.endpoints if editor.usable(name)]
    missing = [name for name in editor.endpoints if not editor.usable(name)]
    return (
        f"Can be called here: {', '.join(usable) or 'no provider'}.\n"
        f"Without a key: {', '.join(missing)}."
    )
