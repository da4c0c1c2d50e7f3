"""The steps that set limits and other policies."""

from __future__ import annotations

from decimal import Decimal

from llmring.advisor.changes import SetPolicy
from llmring.advisor.grammar.intent_parts import AliasPhrase, ModelList, Setting
from llmring.advisor.grammar.intents import AddNeeds, BindAliases, ScaleLimit, SetLimits
from llmring.advisor.grammar.quantities import plain
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.planning.context import Context, Place
from llmring.advisor.planning.model_selection import candidates
from llmring.advisor.planning.unclear import Option, UnclearRequestError
from llmring.advisor.ranking import Need
from llmring.lockfile.document import ModelRef

_WHOLE = ("rpm", "tpm", "max_concurrency", "retries", "min_context")
_SHARED = ("rpm", "tpm", "max_concurrency", "daily_budget")
_LIMITS = ("rpm", "tpm", "max_concurrency", "daily_budget", "max_cost_per_request", "timeout")


def limit(context: Context, intent: SetLimits) -> None:
    """Set policies of aliases; without any, or for all of them, of the profile."""
    phrase = intent.aliases
    if phrase.scope == "all" or (phrase.scope == "left out" and context.topic is None):
        _limit_profile(context, intent)
        return
    for alias, profile in context.places(phrase):
        settings = intent.settings or _present(context, alias, profile)
        context.copy.own(alias, profile)
        for each in settings:
            if each.value is None and each.key not in context.copy.policy(alias, profile):
                raise UnclearRequestError(
                    f"Alias {alias} has no {each.key} of its own. Nothing was changed."
                )
            context.copy.make(SetPolicy(each.key, _value(each), alias, context.copy.given(profile)))


def scale(context: Context, intent: ScaleLimit) -> None:
    """Multiply a limit of aliases, which must have it as a number."""
    for alias, profile in context.places(intent.aliases):
        own = context.copy.policy(alias, profile).get(intent.key)
        if not isinstance(own, int | float):
            raise UnclearRequestError(
                f"Alias {alias} has no {intent.key} of its own. Nothing was changed."
            )
        value = Decimal(str(own)) * intent.factor
        whole = isinstance(own, int) and intent.key in _WHOLE
        context.copy.own(alias, profile)
        scaled = max(1, round(value)) if whole else plain(value)
        context.copy.make(SetPolicy(intent.key, scaled, alias, context.copy.given(profile)))


def _limit_profile(context: Context, intent: SetLimits) -> None:
    """Set policies of a profile, and of those of its aliases that have their own."""
    phrase = intent.aliases
    profile = phrase.profile or context.profile or context.editor.profile
    recent = context.memory.places
    if phrase.scope == "left out" and recent and phrase.profile is None:
        _ask_whose(intent, recent, profile)
    if profile not in context.copy.lockfile.profiles:
        raise UnclearRequestError(f"No profile is called {profile}. Nothing was changed.")
    given = context.copy.given(profile)
    own = context.copy.lockfile.profiles[profile].policy
    done = False
    for each in intent.settings:
        if each.value is not None or each.key in own:
            context.copy.make(SetPolicy(each.key, _value(each), None, given))
            done = True
        for alias, binding in context.copy.bindings(profile).items():
            if phrase.scope == "all" and each.key in binding.policy and binding.at[1] == profile:
                context.copy.make(SetPolicy(each.key, _value(each), alias, given))
                done = True
    if not done:
        raise UnclearRequestError("No alias has such a limit. Nothing was changed.")
    if len(context.copy.bindings(profile)) > 1 and any(
        each.key in _SHARED and each.value is not None for each in intent.settings
    ):
        context.notes.append("Each alias has this limit for itself; they do not share one.")


def _ask_whose(intent: SetLimits, recent: tuple[Place, ...], profile: str) -> None:
    names = tuple(alias for alias, _ in recent)
    one = SetLimits(AliasPhrase(names=names, profile=recent[0][1]), intent.settings)
    every = SetLimits(AliasPhrase(scope="all", profile=profile), intent.settings)
    raise UnclearRequestError(
        "For which alias?",
        (
            Option(f"only {', '.join(names)}", (one,)),
            Option(f"every alias of profile {profile}", (every,)),
        ),
    )


def _present(context: Context, alias: str, profile: str) -> tuple[Setting, ...]:
    """Return settings that remove the limits of an alias."""
    policy = context.copy.policy(alias, profile)
    found = tuple(Setting(key, None) for key in _LIMITS if key in policy)
    if not found:
        raise UnclearRequestError(f"Alias {alias} has no limits of its own. Nothing was changed.")
    return found


def _value(setting: Setting) -> str | int | float | list[str] | None:
    return [*setting.value] if isinstance(setting.value, tuple) else setting.value


def require(context: Context, intent: AddNeeds) -> None:
    """Require capabilities of the models of aliases, which must have one that meets them."""
    need = intent.need
    for alias, profile in context.places(intent.aliases):
        models = context.copy.models(alias, profile)
        if not models:
            raise UnclearRequestError(f"Profile {profile} has no alias {alias}.")
        lacking = [each for each in models if not _meets(context, each, need)]
        if models[0] in lacking:
            raise _lacking(context, (alias, profile), models[0], need)
        if lacking:
            context.notes.append(f"Calls of {alias} will skip: {', '.join(lacking)}.")
        context.copy.own(alias, profile)
        given = context.copy.given(profile)
        if need.capabilities:
            had = context.copy.policy(alias, profile).get("needs", [])
            needs = [*dict.fromkeys((*had, *need.capabilities))]
            context.copy.make(SetPolicy("needs", needs, alias, given))
        if need.min_context:
            context.copy.make(SetPolicy("min_context", need.min_context, alias, given))


def _meets(context: Context, model: str, need: Need) -> bool:
    facts = context.editor.known.facts(ModelRef.parse(model))
    return facts is None or (
        facts.capabilities.issuperset(need.capabilities)
        and (facts.context_window or 0) >= (need.min_context or 0)
    )


def _lacking(context: Context, place: Place, model: str, need: Need) -> UnclearRequestError:
    alias, profile = place
    facts = context.editor.known.facts(ModelRef.parse(model))
    has = facts.capabilities if facts else frozenset()
    missing: list[str] = [each for each in need.capabilities if each not in has]
    if need.min_context and (facts is None or (facts.context_window or 0) < need.min_context):
        missing.append(f"a context of {need.min_context:,} tokens")
    what = ", ".join(missing)
    found = [str(each) for each in candidates(context, need)[:3]]
    phrase = AliasPhrase(names=(alias,), profile=profile)
    options = tuple(
        Option(
            f"bind {alias} to {each}",
            (
                BindAliases(phrase, ModelList(models=(SpokenModel(each, (each,)),))),
                AddNeeds(phrase, need),
            ),
        )
        for each in found
    )
    return UnclearRequestError(
        f"{model}, the first model of {alias}, lacks {what}. Nothing was changed.", options
    )
