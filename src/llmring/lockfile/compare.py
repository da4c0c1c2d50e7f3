"""Differences between two lockfiles in their effect on calls, not in their text.

Aliases are compared profile by profile, inherited ones included, so a change in one profile shows
in every profile that extends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.lockfile.document import Lockfile, Profile
from llmring.lockfile.toml.quoting import dotted, quoted

Kind = Literal["added", "removed", "changed"]

# Compared with a profile that only one file has, so that its bindings are listed too.
_NONE = Profile("")


class LockfileChange(Struct, frozen=True):
    """One difference between two lockfiles.

    Attributes:
        kind: "added" or "removed" for a key that only the second or only the first file has,
            "changed" for one with another value.
        key: The key: "name", "default_profile", a profile, an alias such as "prod.fast".
        before: The value in the first file; for an alias its models. None if the key is missing,
            and for a profile, whose aliases are separate changes.
        after: The value in the second file, or None as for `before`.
    """

    kind: Kind
    key: str
    before: Any = None
    after: Any = None

    @property
    def added(self) -> tuple[str, ...]:
        """The models that only the second file binds."""
        return tuple(each for each in _texts(self.after) if each not in _texts(self.before))

    @property
    def removed(self) -> tuple[str, ...]:
        """The models that only the first file binds."""
        return tuple(each for each in _texts(self.before) if each not in _texts(self.after))

    @property
    def reordered(self) -> bool:
        """True if the models that both files bind come in another order."""
        before, after = _texts(self.before), _texts(self.after)
        return [each for each in before if each in after] != [
            each for each in after if each in before
        ]

    def __str__(self) -> str:
        if self.kind == "changed":
            return f"{self.key}: {_formatted(self.before)} → {_formatted(self.after)}"
        mark = "+" if self.kind == "added" else "-"
        value = self.before if self.after is None else self.after
        if value is None:
            return f"{mark} profile {self.key}"
        return f"{mark} {self.key} → {_formatted(value)}"


def changes(before: Lockfile, after: Lockfile) -> list[LockfileChange]:
    """Return the differences between two lockfiles, in the order of the second; removals last.

    Args:
        before: The first lockfile.
        after: The second one.
    """
    found = [
        *_entry("name", before.name, after.name),
        *_entry("default_profile", before.default_profile, after.default_profile),
        *_entry("extends.packages", before.packages or None, after.packages or None),
        *_entries(("providers",), before.providers, after.providers),
        *_entries(("registry",), before.registry, after.registry),
        *_entries(("ledger",), before.ledger, after.ledger),
        *_entries(("gateway",), before.gateway, after.gateway),
    ]
    for name in _union(before.profiles, after.profiles):
        old, new = before.profiles.get(name), after.profiles.get(name)
        if old is None:
            found.append(LockfileChange("added", dotted((name,))))
        if new is None:
            found.append(LockfileChange("removed", dotted((name,))))
        found += _profile(name, old or _NONE, new or _NONE)
    return found


def _profile(name: str, before: Profile, after: Profile) -> Iterator[LockfileChange]:
    yield from _entries((name,), before.policy, after.policy)
    for alias in _union(before.bindings, after.bindings):
        old, new = before.bindings.get(alias), after.bindings.get(alias)
        models = [tuple(map(str, each.models)) if each else None for each in (old, new)]
        yield from _entry(dotted((name, alias)), *models)
        policies = [each.policy if each else {} for each in (old, new)]
        yield from _entries((name, alias), *policies)


def _entries(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[LockfileChange]:
    """Yield the changes of a table key by key, those of nested tables included."""
    for key in _union(before, after):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _entries((*path, key), old, new)
        else:
            yield from _entry(dotted((*path, key)), old, new)


def _entry(key: str, before: object, after: object) -> Iterator[LockfileChange]:
    if before != after:
        kind: Kind = "added" if before is None else "removed" if after is None else "changed"
        yield LockfileChange(kind, key, before, after)


def _union(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [*dict.fromkeys([*after, *before])]


def _texts(models: Any) -> tuple[str, ...]:
    return models if isinstance(models, tuple) else ()


def _formatted(value: object) -> str:
    match value:
        case str():
            return value if value.isprintable() else quoted(value)
        case tuple():
            return ", ".join(map(str, value))
        case date():
            return str(value)
        case _:
            return msgspec.json.encode(value, enc_hook=str).decode()
