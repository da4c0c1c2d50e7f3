"""Comparison of the aliases in source code with a lockfile: missing ones and unused ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from llmring.exceptions import AliasNotFoundError, LLMRingError
from llmring.lockfile.compose import Packages, look_up
from llmring.lockfile.document import Lockfile
from llmring.lockfile.problem import Fault, Problem, nearest
from llmring.lockfile.schema.name_rules import alias_objection
from llmring.lockfile.toml.layout import scan


class Use(Struct, frozen=True, kw_only=True):
    """A use of an alias or a profile in a source.

    Attributes:
        kind: The kind of name; an alias may also be "package:alias" or "provider:model".
        name: The name.
        line: Line in the source, from 1.
        column: Column in the line, in characters, from 1.
        sure: Whether it can't be anything else. An unsure use is never reported as missing.
        profile: For an alias, the profile that the same call names.
    """

    kind: Literal["alias", "profile"]
    name: str
    line: int
    column: int
    sure: bool = True
    profile: str | None = None


class Uses(Struct, frozen=True):
    """The names that a source uses.

    Attributes:
        found: The names found.
        unclear: The number of calls whose alias can't be determined.
    """

    found: tuple[Use, ...] = ()
    unclear: int = 0


class ScanFinding(Struct, frozen=True):
    """A problem and the source file it is in."""

    file: str
    problem: Problem


_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """Split a text into lines as compilers count them; form feeds and the like end no line."""
    return _LINE_END.split(text)


def missing(
    used: Iterable[tuple[str, Use]],
    lockfile: Lockfile,
    profiles: Sequence[str],
    providers: Collection[str],
    packages: Packages,
) -> Iterator[ScanFinding]:
    """Yield a finding for each used name that does not exist, or not in some profile.

    Args:
        used: The uses, each with its file.
        lockfile: The lockfile to look the names up in.
        profiles: The profiles that must have the aliases.
        providers: Names that always mean a provider, in lower case.
        packages: The lockfiles of packages.
    """
    for file, use in used:
        if not use.sure:
            continue
        found = (
            _no_profile(use, lockfile)
            if use.kind == "profile"
            else _no_alias(use, lockfile, profiles, providers, packages)
        )
        if found is not None:
            message, fix = found
            yield ScanFinding(file, Problem(use.line, use.column, "error", "", message, fix))


def unused(
    used: Iterable[Use], lockfile: Lockfile, text: str, profiles: Collection[str]
) -> list[Problem]:
    """Return a hint for each alias that no source uses, at its first binding.

    Args:
        used: The uses in all sources.
        lockfile: The lockfile.
        text: The text of the lockfile.
        profiles: The profiles to check.
    """
    names = {use.name for use in used if use.kind == "alias"}
    layout = scan(text)
    found: dict[str, Problem] = {}
    for profile in lockfile.profiles.values():
        if profile.name not in profiles:
            continue
        for alias, binding in profile.bindings.items():
            if alias not in names and alias not in found:
                message = f"no scanned source uses the alias {alias!r}"
                fix = f"remove it if unused: llmring unbind {alias} --profile {profile.name}"
                fault = Fault(path=binding.at, message=message, fix=fix, severity="hint")
                found[alias] = fault.placed(layout)
    return sorted(found.values(), key=lambda problem: (problem.line, problem.column))


def _no_profile(use: Use, lockfile: Lockfile) -> tuple[str, str] | None:
    profiles = _profiles(lockfile)
    if use.name in profiles:
        return None
    near = nearest(use.name, profiles)
    fix = f"did you mean {near!r}? If not, " if near else ""
    return f"unknown profile {use.name!r}", f"{fix}use one of: {', '.join(profiles)}"


def _no_alias(
    use: Use,
    lockfile: Lockfile,
    profiles: Sequence[str],
    providers: Collection[str],
    packages: Packages,
) -> tuple[str, str] | None:
    if alias_objection(use.name) is not None:
        # Most likely an argument to another library's method of the same name.
        return None
    there = _profiles(lockfile)
    if use.profile is not None:
        profiles = [use.profile] if use.profile in there else []
    lacking: list[str] = []
    for profile in profiles:
        try:
            look_up(use.name, lockfile, profile, providers, packages)
        except AliasNotFoundError as error:
            if ":" in use.name:
                return _halves(error)
            lacking.append(profile)
        except LLMRingError as error:
            return _halves(error)
    if not lacking:
        return None
    known = [alias for name in lacking for alias in _bound(lockfile, name)]
    near = nearest(use.name, known)
    hint = f"did you mean {near!r}? If not, bind it" if near else "bind it"
    which = "profile" if len(lacking) == 1 else "profiles"
    return (
        f"the alias {use.name!r} is not in {which} {', '.join(lacking)}",
        f"{hint}: llmring bind {use.name} provider:model --profile {lacking[0]}",
    )


def _halves(error: LLMRingError) -> tuple[str, str]:
    message, _, fix = str(error).partition("; ")
    return message, fix or "name an alias of the lockfile"


def _profiles(lockfile: Lockfile) -> Mapping[str, object]:
    """Return every profile, including a default one that the file lacks."""
    return {**dict.fromkeys([lockfile.default_profile]), **lockfile.profiles}


def _bound(lockfile: Lockfile, profile: str) -> Iterable[str]:
    found = lockfile.profiles.get(profile)
    return found.bindings if found else ()
