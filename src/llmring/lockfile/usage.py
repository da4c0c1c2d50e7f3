"""The aliases that source code uses, held against a lockfile: those that lack, those not used."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from llmring.exceptions import AliasNotFoundError, LLMRingError
from llmring.lockfile.compose import Packages, look_up
from llmring.lockfile.document import Lockfile, alias_objection
from llmring.lockfile.layout import scan
from llmring.lockfile.problem import Fault, Problem, nearest


class Use(Struct, frozen=True, kw_only=True):
    """A name in a source.

    Attributes:
        kind: What it names; an alias may also be "package:alias" or "provider:model".
        name: The name.
        line: Line in the source, from 1.
        column: Column in the line, in characters, from 1.
        sure: Whether it can mean nothing else. What may is no finding if it names nothing.
        profile: For an alias: the profile that the same call names.
    """

    kind: Literal["alias", "profile"]
    name: str
    line: int
    column: int
    sure: bool = True
    profile: str | None = None


class Uses(Struct, frozen=True):
    """What a source uses.

    Attributes:
        found: The names that can be read in it.
        unclear: How many calls name their alias in a way that can't.
    """

    found: tuple[Use, ...] = ()
    unclear: int = 0


class Finding(Struct, frozen=True):
    """Something wrong, or to be said, and the file that it is in."""

    file: str
    problem: Problem


_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines as compilers count them: other separators, as form feeds, end none."""
    return _LINE_END.split(text)


def missing(
    used: Iterable[tuple[str, Use]],
    lockfile: Lockfile,
    profiles: Sequence[str],
    providers: Collection[str],
    packages: Packages,
) -> Iterator[Finding]:
    """The names that are used and mean nothing, or nothing in some profile.

    Args:
        used: Each with its file.
        lockfile: What they should be in.
        profiles: The profiles in which aliases have to be.
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
            message, mend = found
            yield Finding(file, Problem(use.line, use.column, "error", "", message, mend))


def unused(
    used: Iterable[Use], lockfile: Lockfile, text: str, profiles: Collection[str]
) -> list[Problem]:
    """The aliases that no source names, each where it is bound first.

    Args:
        used: What the sources name.
        lockfile: What they may name.
        text: The lockfile as it is written.
        profiles: The profiles to look in.
    """
    names = {use.name for use in used if use.kind == "alias"}
    layout = scan(text)
    found: dict[str, Problem] = {}
    for profile in lockfile.profiles.values():
        if profile.name not in profiles:
            continue
        for alias, binding in profile.bindings.items():
            if alias not in names and alias not in found:
                message = f"no source that was scanned names the alias {alias!r}"
                mend = f"if nothing else does: llmring unbind {alias} --profile {profile.name}"
                fault = Fault(path=binding.at, message=message, mend=mend, severity="hint")
                found[alias] = fault.placed(layout)
    return sorted(found.values(), key=lambda problem: (problem.line, problem.column))


def known_names(lockfile: Lockfile) -> set[str]:
    """Every alias of every profile."""
    return {alias for profile in lockfile.profiles.values() for alias in profile.bindings}


def _no_profile(use: Use, lockfile: Lockfile) -> tuple[str, str] | None:
    profiles = _profiles(lockfile)
    if use.name in profiles:
        return None
    near = nearest(use.name, profiles)
    mend = f"did you mean {near!r}? " if near else ""
    return f"there is no profile {use.name!r}", f"{mend}it has: {', '.join(profiles)}"


def _no_alias(
    use: Use,
    lockfile: Lockfile,
    profiles: Sequence[str],
    providers: Collection[str],
    packages: Packages,
) -> tuple[str, str] | None:
    if alias_objection(use.name) is not None:
        # A text to somebody else's method of the same name, most likely.
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
    hint = f"did you mean {near!r}? or bind it" if near else "bind it"
    which = "profile" if len(lacking) == 1 else "profiles"
    return (
        f"the alias {use.name!r} is not in {which} {', '.join(lacking)}",
        f"{hint}: llmring bind {use.name} provider:model --profile {lacking[0]}",
    )


def _halves(error: LLMRingError) -> tuple[str, str]:
    message, _, mend = str(error).partition("; ")
    return message, mend or "name an alias of the lockfile"


def _profiles(lockfile: Lockfile) -> Mapping[str, object]:
    """Every profile; the default one need not be in the file."""
    return {**dict.fromkeys([lockfile.default_profile]), **lockfile.profiles}


def _bound(lockfile: Lockfile, profile: str) -> Iterable[str]:
    found = lockfile.profiles.get(profile)
    return found.bindings if found else ()
