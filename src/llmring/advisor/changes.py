"""The changes to a lockfile that the advisor can propose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from llmring.lockfile.document import DEFAULT_PROFILE, Binding, ModelRef, parse, references
from llmring.lockfile.edit.bindings import bind, unbind
from llmring.lockfile.edit.profiles import copy_profile, create_profile, give_reason, set_policy
from llmring.lockfile.edit.remove_profile import remove_profile
from llmring.lockfile.edit.rename_alias import rename_alias
from llmring.lockfile.edit.replace_models import replace_models

_JOINT = "; "

Reason = Annotated[str | None, Meta(description="The reason in one line; kept as a comment.")]
InProfile = Annotated[str | None, Meta(description="The profile (default: the one being edited).")]


class Bind(Struct, frozen=True, tag="bind", tag_field="action"):
    """A change that binds an alias to models: the best first, then its fallbacks."""

    alias: Annotated[str, Meta(description="The name that applications ask for.")]
    models: Annotated[list[str], Meta(description='References such as "openai:gpt-6-luna".')]
    profile: InProfile = None
    reason: Reason = None

    def text(self, text: str, profile: str, day: str) -> str:
        """Return the text of the lockfile after the change."""
        after = bind(text, self.alias, self.models, profile)
        if self.reason and after != text:
            after = give_reason(after, self.alias, profile, f"{day}: {self.reason}")
        return after

    def done(self, before: str, profile: str) -> str:
        """Describe the change in words."""
        had = parse(before).profiles.get(profile)
        verb = "Changed" if had is not None and self.alias in had.bindings else "Added"
        first, *rest = map(str, references(self.models))
        fallbacks = f" (fallbacks: {', '.join(rest)})" if rest else ""
        return f"{verb} binding {self.alias} → {first}{fallbacks}{_where(before, profile)}"


class Unbind(Struct, frozen=True, tag="unbind", tag_field="action"):
    """A change that removes an alias."""

    alias: Annotated[str, Meta(description="The alias.")]
    profile: InProfile = None

    def text(self, text: str, profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return unbind(text, self.alias, profile)

    def done(self, before: str, profile: str) -> str:
        """Describe the change in words."""
        return f"Removed binding {self.alias}{_where(before, profile)}"


class CreateProfile(Struct, frozen=True, tag="create_profile", tag_field="action"):
    """A change that creates a profile; with `extends`, it inherits the aliases of another."""

    name: Annotated[str, Meta(description="The new profile.")]
    extends: Annotated[str | None, Meta(description="The profile that it extends.")] = None

    def text(self, text: str, _profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return create_profile(text, self.name, self.extends)

    def done(self, _before: str, _profile: str) -> str:
        """Describe the change in words."""
        based = f", which extends {self.extends}" if self.extends else ""
        return f"Added profile {self.name}{based}"


class CopyProfile(Struct, frozen=True, tag="copy_profile", tag_field="action"):
    """A change that copies a profile; later changes to one do not affect the other."""

    source: Annotated[str, Meta(description="The profile to copy.")]
    name: Annotated[str, Meta(description="The new profile.")]

    def text(self, text: str, _profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return copy_profile(text, self.source, self.name)

    def done(self, _before: str, _profile: str) -> str:
        """Describe the change in words."""
        return f"Copied profile {self.source} to {self.name}"


class SetPolicy(Struct, frozen=True, tag="set_policy", tag_field="action"):
    """A change of how the models of an alias, or of a whole profile, are called."""

    key: Annotated[str, Meta(description="retries, timeout, daily_budget, strategy, needs, …")]
    value: Annotated[
        str | float | int | list[str] | None, Meta(description="Its value; null removes the key.")
    ]
    alias: Annotated[str | None, Meta(description="The alias (default: the whole profile).")] = None
    profile: InProfile = None

    def text(self, text: str, profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return set_policy(text, self.key, self.value, profile, self.alias)

    def done(self, before: str, profile: str) -> str:
        """Describe the change in words."""
        whose = f"alias {self.alias}" if self.alias else f"profile {profile}"
        where = _where(before, profile) if self.alias else ""
        if self.value is None:
            return f"Removed {self.key} of {whose}{where}"
        return f"Set {self.key} of {whose} to {_formatted(self.value)}{where}"


class RenameBinding(Struct, frozen=True, tag="rename_alias", tag_field="action"):
    """A change that renames an alias; its models, policies and place stay."""

    alias: Annotated[str, Meta(description="The alias.")]
    new: Annotated[str, Meta(description="Its new name.")]
    profile: InProfile = None

    def text(self, text: str, profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return rename_alias(text, self.alias, self.new, profile)

    def done(self, before: str, profile: str) -> str:
        """Describe the change in words."""
        return f"Renamed alias {self.alias} to {self.new}{_where(before, profile)}"


class ReplaceModel(Struct, frozen=True, tag="replace_model", tag_field="action"):
    """A change that puts a model in the place of another, in every alias or in those of a profile.

    An alias that has the new model already loses the old one.
    """

    old: Annotated[str, Meta(description="The model to replace, as provider:model.")]
    new: Annotated[str, Meta(description="The model that takes its place.")]
    profile: Annotated[str | None, Meta(description="The profile (default: every profile).")] = None

    def text(self, text: str, _profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        old, new = ModelRef.parse(self.old), ModelRef.parse(self.new)
        simple = {}
        for profile, alias, binding in self._places(text):
            if new in binding.models:
                rest = [str(each) for each in binding.models if each != old]
                text = bind(text, alias, rest, profile)
            else:
                simple[binding.at] = {old: new}
        return replace_models(text, simple)

    def _places(self, text: str) -> list[tuple[str, str, Binding]]:
        """Find the own bindings of profiles that have the old model."""
        old = ModelRef.parse(self.old)
        return [
            (profile.name, alias, binding)
            for profile in parse(text).profiles.values()
            for alias, binding in profile.bindings.items()
            if binding.at[1] == profile.name and old in binding.models
            if self.profile in (None, profile.name)
        ]

    def done(self, before: str, _profile: str) -> str:
        """Describe the change in words."""
        usual = _default_profile(before)
        places = ", ".join(
            alias if profile == usual else f"{alias} (profile {profile})"
            for profile, alias, _ in self._places(before)
        )
        return f"Replaced {self.old} by {self.new} in {places or 'no alias'}"


class RemoveProfile(Struct, frozen=True, tag="remove_profile", tag_field="action"):
    """A change that removes a profile with its aliases."""

    name: Annotated[str, Meta(description="The profile.")]

    def text(self, text: str, _profile: str, _day: str) -> str:
        """Return the text of the lockfile after the change."""
        return remove_profile(text, self.name)

    def done(self, _before: str, _profile: str) -> str:
        """Describe the change in words."""
        return f"Removed profile {self.name}"


SingleChange = (
    Bind
    | Unbind
    | CreateProfile
    | CopyProfile
    | SetPolicy
    | RenameBinding
    | ReplaceModel
    | RemoveProfile
)


class Several(Struct, frozen=True, tag="several", tag_field="action"):
    """Changes that are made together, or not at all."""

    changes: tuple[SingleChange, ...]

    def text(self, text: str, profile: str, day: str) -> str:
        """Return the text of the lockfile after the changes."""
        for change in self.changes:
            text = change.text(text, profile_of(change, profile), day)
        return text

    def done(self, before: str, profile: str) -> str:
        """Describe the changes in words; those that change nothing are left out."""
        words = []
        for change in self.changes:
            own = profile_of(change, profile)
            # The day is part of comments only.
            after = change.text(before, own, "")
            if after != before:
                words.append(change.done(before, own))
            before = after
        return _JOINT.join(words) or "No change"


Change = SingleChange | Several


def singles(change: Change) -> tuple[SingleChange, ...]:
    """Return the single changes that a change consists of."""
    return change.changes if isinstance(change, Several) else (change,)


def steps_of(done: str) -> list[str]:
    """Divide the description of changes into those of the single ones."""
    return done.split(_JOINT)


def listed(done: str) -> str:
    """Put each of several changes on a line of its own, behind a word such as "Undone:"."""
    steps = steps_of(done)
    return f" {done}" if len(steps) == 1 else "".join(f"\n  {each}" for each in steps)


def profile_of(change: Change, usual: str) -> str:
    """Return the profile that a change applies to.

    Args:
        change: The change.
        usual: The profile to use if the change names none.
    """
    return getattr(change, "profile", None) or usual


def edit_of(change: Change, profile: str, day: str) -> Callable[[str], str]:
    """Return a function that applies a change to the text of a lockfile."""
    return lambda text: change.text(text, profile, day)


def _where(before: str, profile: str) -> str:
    """Name the profile in parentheses, unless it is the default."""
    return "" if profile == _default_profile(before) else f" (profile {profile})"


def _default_profile(text: str) -> str:
    return parse(text).default_profile if text.strip() else DEFAULT_PROFILE


def _formatted(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
