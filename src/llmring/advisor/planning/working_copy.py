"""A copy of the lockfile's text, on which the changes of a request are tried one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from llmring.advisor.changes import (
    Bind,
    ReplaceModel,
    SetPolicy,
    Several,
    SingleChange,
    profile_of,
)
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.planning.kinds import require_kind
from llmring.lockfile import resolve
from llmring.lockfile.document import Binding, Lockfile, parse


def _alike(one: Bind, other: Bind) -> bool:
    return (one.alias, one.profile) == (other.alias, other.profile)


class WorkingCopy:
    """A copy of the lockfile that is edited in memory.

    Args:
        editor: The editor of the lockfile.

    Attributes:
        editor: The editor of the lockfile.
        text: The text after the changes so far.
        changes: The changes so far.
    """

    def __init__(self, editor: LockfileEditor) -> None:
        self.editor = editor
        self.text = editor.text
        self.changes: list[SingleChange] = []

    @property
    def lockfile(self) -> Lockfile:
        """The lockfile after the changes so far."""
        return parse(self.text, self.editor.path)

    def make(self, change: SingleChange) -> None:
        """Make a change; one that changes nothing is kept, since it was asked for.

        Raises:
            LLMRingError: The change can't be made.
            UnclearRequestError: It gives an alias models of another kind.
        """
        profile = profile_of(change, self.editor.profile)
        if isinstance(change, Bind):
            before = self.models(change.alias, profile)
            require_kind(self.editor, change.alias, before, change.models)
        elif isinstance(change, ReplaceModel):
            require_kind(self.editor, change.old, [change.old], [change.new])
        self.text = change.text(self.text, profile, self.editor.day.isoformat())
        last = self.changes[-1] if self.changes else None
        if isinstance(change, Bind) and isinstance(last, Bind) and _alike(change, last):
            self.changes[-1] = replace(change, reason=last.reason)
        else:
            self.changes.append(change)

    def change(self) -> SingleChange | Several | None:
        """Return all changes as one; None if nothing changes."""
        if len(self.changes) > 1:
            return Several(tuple(self.changes))
        return self.changes[0] if self.changes else None

    def bindings(self, profile: str) -> Mapping[str, Binding]:
        """Return the bindings of a profile; empty if it does not exist."""
        lockfile = self.lockfile
        return resolve.bindings(lockfile, profile) if profile in lockfile.profiles else {}

    def own_places(self) -> tuple[tuple[str, str], ...]:
        """Return each alias with its profile, without those that profiles inherit."""
        return tuple(
            (alias, profile.name)
            for profile in self.lockfile.profiles.values()
            for alias, binding in profile.bindings.items()
            if binding.at[1] == profile.name
        )

    def models(self, alias: str, profile: str) -> list[str]:
        """Return the models of an alias; empty if the profile does not have it."""
        binding = self.bindings(profile).get(alias)
        return [str(each) for each in binding.models] if binding else []

    def policy(self, alias: str, profile: str) -> Mapping[str, Any]:
        """Return the policy of an alias itself."""
        binding = self.bindings(profile).get(alias)
        return binding.policy if binding else {}

    def given(self, profile: str) -> str | None:
        """Return a profile as changes name it: None for the one being edited."""
        return None if profile == self.editor.profile else profile

    def own(self, alias: str, profile: str) -> None:
        """Bind an inherited alias in the profile itself, with the same models and policy."""
        binding = self.bindings(profile).get(alias)
        if binding is None or binding.at[1] == profile:
            return
        self.make(Bind(alias, [str(each) for each in binding.models], self.given(profile)))
        for key, value in binding.policy.items():
            self.make(SetPolicy(key, value, alias, self.given(profile)))
