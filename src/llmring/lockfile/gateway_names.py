"""The meaning of a model's name that a client of the gateway gives.

A name is read as the first of these that fits:

1. an alias, also "package:alias";
2. a rule of `[gateway] names` with exactly this name, or else the longest one that it begins with;
3. "provider:model" or "provider/model", if the client may call models directly.

Client programs decorate names, so a name is also looked up without its decorations. Names are
compared character by character: another case, or a character that looks alike, is another name.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Mapping

from msgspec import Struct

# Google's libraries put "models/" before a name; Claude Code lists only names that begin with
# "claude", so the gateway puts that before its aliases.
_PREFIXES = ("models/", "claude/")
# Claude Code adds "[1m]" for a context of a million tokens, Ollama's programs a tag.
_WINDOW, _TAG = "[1m]", ":latest"

_LONGEST = 512
_MOST_NEAREST = 3


class ClientNames(Struct, frozen=True, kw_only=True):
    """The names that a client may use.

    Attributes:
        aliases: The aliases of the profile, and those of packages as "package:alias".
        rules: Aliases by rule: a name, or the beginning of names and "*".
        providers: The names of all providers, in lower case.
        allowed: The aliases that this client may call, "*" for any characters; None for all.
        direct: True if the client may call models by "provider:model".
    """

    aliases: Collection[str]
    rules: Mapping[str, str] = {}
    providers: Collection[str] = ()
    allowed: tuple[str, ...] | None = None
    direct: bool = False


class FoundName(Struct, frozen=True):
    """A name that the client may call.

    Attributes:
        name: The alias, or the model as "provider:model".
        direct: True for a model.
    """

    name: str
    direct: bool = False


class RefusedName(Struct, frozen=True):
    """A name that the client can't call.

    Attributes:
        forbidden: True if it is an alias that this client may not call, False if it is unknown.
        nearest: The most similar aliases that this client may call.
    """

    forbidden: bool
    nearest: tuple[str, ...]


def find_name(asked: str, names: ClientNames) -> FoundName | RefusedName:
    """Find what a client means by the name of a model.

    Args:
        asked: The name as the client gives it.
        names: The names that it may use.
    """
    if len(asked) > _LONGEST:
        return RefusedName(forbidden=False, nearest=())
    spellings = _spellings(asked, (_WINDOW, _TAG))
    alias = _alias(spellings, names)
    if alias is not None:
        if _is_allowed(alias, names):
            return FoundName(alias)
        return RefusedName(forbidden=True, nearest=_nearest(spellings[-1], names))
    if names.direct and _rule(spellings, names) is None:
        model = _model(asked, names)
        if model is not None:
            return FoundName(model, direct=True)
    return RefusedName(forbidden=False, nearest=_nearest(spellings[-1], names))


def callable_aliases(names: ClientNames) -> list[str]:
    """Return the aliases that a client may call, in their order."""
    return [
        alias for alias in names.aliases if _is_alias(alias, names) and _is_allowed(alias, names)
    ]


def _spellings(asked: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the name as it is, then without each decoration that it has, the barest last."""
    found = [asked]
    for prefix in _PREFIXES:
        found += [each.removeprefix(prefix) for each in found if each.startswith(prefix)]
    for suffix in suffixes:
        found += [each.removesuffix(suffix) for each in found if each.endswith(suffix)]
    return found


def _alias(spellings: list[str], names: ClientNames) -> str | None:
    for spelling in spellings:
        if spelling in names.aliases and _is_alias(spelling, names):
            return spelling
    rule = _rule(spellings, names)
    if rule is None:
        return None
    alias = names.rules[rule]
    return alias if alias in names.aliases and _is_alias(alias, names) else None


def _rule(spellings: list[str], names: ClientNames) -> str | None:
    """Return the rule that decides: the exact one, or else the longest beginning."""
    for spelling in spellings:
        if spelling in names.rules and not spelling.endswith("*"):
            return spelling
    beginnings = [
        rule
        for rule in names.rules
        if rule.endswith("*") and any(each.startswith(rule[:-1]) for each in spellings)
    ]
    return max(beginnings, key=len, default=None)


def _is_alias(name: str, names: ClientNames) -> bool:
    """Return False for an alias that calls would read as a model, since it names a provider."""
    provider, colon, _ = name.partition(":")
    return not colon or provider.strip().lower() not in names.providers


def _is_allowed(alias: str, names: ClientNames) -> bool:
    return names.allowed is None or any(_pattern(each).fullmatch(alias) for each in names.allowed)


@functools.lru_cache(maxsize=1024)
def _pattern(allowed: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, allowed.split("*"))), re.DOTALL)


def _model(asked: str, names: ClientNames) -> str | None:
    """Return the model that a name is of, as "provider:model"; None if it is of no provider."""
    # A tag is part of a model's name.
    for spelling in reversed(_spellings(asked, (_WINDOW,))):
        provider, separator, model = _parted(spelling)
        # Some characters are ASCII letters in lower case only.
        if separator and provider.isascii() and provider.lower() in names.providers:
            return f"{provider.lower()}:{model}" if _is_model(model) else None
    return None


def _parted(name: str) -> tuple[str, str, str]:
    at = min((at for at in (name.find(":"), name.find("/")) if at >= 0), default=len(name))
    return name[:at], name[at : at + 1], name[at + 1 :]


def _is_model(model: str) -> bool:
    """Return False for a name that no model has; in an address, dots would lead elsewhere."""
    is_path = not {".", ".."} & set(model.split("/"))
    return bool(model) and is_path and model.isprintable() and model == model.strip()


def _nearest(asked: str, names: ClientNames) -> tuple[str, ...]:
    known = callable_aliases(names)
    return tuple(difflib.get_close_matches(asked, known, _MOST_NEAREST, cutoff=0.0))
