"""The planner: carries out the intents of a request on a copy of the lockfile, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from llmring.advisor.grammar.intent_parts import THERE, AliasPhrase
from llmring.advisor.grammar.intents import (
    AddModels,
    AddNeeds,
    BindAliases,
    CannotDo,
    CopyAlias,
    DropProfile,
    DuplicateProfile,
    Edit,
    Intent,
    KeepModels,
    MoveModel,
    NewProfiles,
    OrderModels,
    RemoveAliases,
    RemoveModels,
    RenameAlias,
    ReplaceModels,
    SameAgain,
    ScaleLimit,
    SetFallbacks,
    SetLimits,
    SpreadVendors,
    Topic,
    UpgradeModels,
    UseInProfile,
)
from llmring.advisor.planning import (
    binding_steps,
    exclusion_steps,
    policy_steps,
    profile_steps,
    replacement_steps,
)
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.unclear import Option, UnclearRequestError

_STEPS: dict[type, Callable[[Context, Any], None]] = {
    BindAliases: binding_steps.bind,
    AddModels: binding_steps.add,
    SetFallbacks: binding_steps.set_fallbacks,
    MoveModel: binding_steps.move,
    OrderModels: binding_steps.order,
    RemoveModels: exclusion_steps.remove_models,
    KeepModels: exclusion_steps.keep_models,
    ReplaceModels: replacement_steps.replace_models,
    UpgradeModels: replacement_steps.upgrade,
    SpreadVendors: binding_steps.spread,
    RenameAlias: binding_steps.rename,
    CopyAlias: binding_steps.copy,
    RemoveAliases: binding_steps.remove,
    SetLimits: policy_steps.limit,
    ScaleLimit: policy_steps.scale,
    AddNeeds: policy_steps.require,
    NewProfiles: profile_steps.create,
    UseInProfile: profile_steps.use,
    DuplicateProfile: profile_steps.duplicate,
    DropProfile: profile_steps.drop,
}

_T = TypeVar("_T")


def carry_out(context: Context, intent: Edit) -> None:
    """Carry out an intent on the copy of the lockfile.

    Raises:
        UnclearRequestError: It can't be carried out, or its meaning is unclear.
        LLMRingError: The lockfile can't be changed so.
    """
    intent = placed(context, intent)
    match intent:
        case Topic(aliases):
            if aliases.scope == "left out":
                context.profile = aliases.profile
            else:
                context.places(aliases, creates=True)
        case CannotDo(why):
            alias = next(iter(context.copy.bindings(context.editor.profile)), "fast")
            raise UnclearRequestError(f"{why.format(alias=alias)} Nothing was changed.")
        case SameAgain(names):
            for name in names:
                for each in _elsewhere(context, name):
                    carry_out(context, each)
        case _:
            step = _STEPS.get(type(intent))
            if step is None:
                raise UnclearRequestError("That can't be combined with other changes.")
            step(context, intent)


def placed(context: Context, intent: _T) -> _T:
    """Put the profile of the clauses before in the place of "there"."""
    if isinstance(intent, UseInProfile):
        return cast("_T", replace(intent, profile=context.profile_of(intent.profile)))
    return _with(intent, lambda each: replace(each, profile=context.profile_of(each.profile)))


def require_clear_places(intents: tuple[Intent, ...]) -> None:
    """Check that a profile named at the end of a request can only mean its last clause.

    Raises:
        UnclearRequestError: It could be meant for the clauses before, too.
    """
    before: list[Intent] = []
    for intent in intents:
        phrase = _phrase_of(intent)
        if isinstance(intent, Topic) and intent.aliases.profile is not None:
            return
        if phrase is None:
            continue
        profiles = {each.profile for each in map(_phrase_of, before) if each is not None}
        if (
            phrase.profile not in (None, THERE)
            and phrase.scope != "left out"
            and profiles == {None}
        ):
            everywhere = tuple(_in_profile(each, phrase.profile) for each in intents)
            raise UnclearRequestError(
                f"Is everything meant for profile {phrase.profile}, or only the last part?",
                (
                    Option(f"everything for {phrase.profile}", everywhere),
                    Option("only the last part", _marked(intents, phrase.profile)),
                ),
            )
        before.append(intent)


def _marked(intents: tuple[Intent, ...], profile: str) -> tuple[Intent, ...]:
    """Return the intents with the last one introduced by its profile."""
    *first, last = intents
    return (*first, Topic(AliasPhrase(scope="left out", profile=profile)), last)


def _elsewhere(context: Context, name: str) -> tuple[Edit, ...]:
    """Return the last edits, for another profile or alias."""
    edits = tuple(
        each
        for each in (*context.memory.edits, *context.request)
        if isinstance(_phrase_of(each), AliasPhrase) and not isinstance(each, Topic | SameAgain)
    )
    own = tuple(
        each
        for each in context.request
        if not isinstance(each, SameAgain | Topic) and _phrase_of(each) is not None
    )
    edits = own or edits
    if not edits:
        raise UnclearRequestError("The same as what? No change was made yet.")
    if name in context.copy.lockfile.profiles:
        return cast("tuple[Edit, ...]", tuple(_in_profile(each, name) for each in edits))
    if context.is_alias(name):
        return cast("tuple[Edit, ...]", tuple(_for_alias(each, name) for each in edits))
    raise UnclearRequestError(f"No profile or alias is called {name}. Nothing was changed.")


def _phrase_of(intent: Intent) -> AliasPhrase | None:
    found = getattr(intent, "aliases", None) or getattr(intent, "old", None)
    found = found if isinstance(found, AliasPhrase) else getattr(intent, "alias", None)
    return found if isinstance(found, AliasPhrase) else None


def _with(intent: _T, change: Callable[[AliasPhrase], AliasPhrase]) -> _T:
    for field in ("aliases", "old", "alias"):
        phrase = getattr(intent, field, None)
        if isinstance(phrase, AliasPhrase):
            return cast("_T", replace(cast("Any", intent), **{field: change(phrase)}))
    return intent


def _in_profile(intent: _T, profile: str) -> _T:
    return _with(intent, lambda phrase: replace(phrase, profile=profile))


def _for_alias(intent: _T, alias: str) -> _T:
    def moved(phrase: AliasPhrase) -> AliasPhrase:
        return replace(phrase, names=(alias,)) if phrase.scope == "named" else phrase

    return _with(intent, moved)
