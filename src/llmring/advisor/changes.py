"""The changes to a lockfile that the advisor can propose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from llmring.lockfile.document import DEFAULT_PROFILE, parse, references
from llmring.lockfile.edit.bindings import bind, unbind
from llmring.lockfile.edit.profiles import copy_profile, create_profile, give_reason, set_policy

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


Change = Bind | Unbind | CreateProfile | CopyProfile | SetPolicy


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
    usual = parse(before).default_profile if before.strip() else DEFAULT_PROFILE
    return "" if profile == usual else f" (profile {profile})"


def _formatted(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
