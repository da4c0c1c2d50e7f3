"""Changes of the keys and teams in a store, as functions of what it has."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from llmring.access.access_records import AccessKey, AccessTeam, StoredAccess
from llmring.access.key_form import hash_of
from llmring.access.key_store import Edit
from llmring.exceptions import ConfigurationError

Fields = Mapping[str, Any]

_Record = TypeVar("_Record", AccessKey, AccessTeam)

# What is not set by hand.
_FIXED = frozenset({"id", "name", "hash", "created", "revoked", "old_hash", "old_until"})


def settings_of(kind: type[AccessKey | AccessTeam]) -> Collection[str]:
    """Return the names of the settings that a key or a team may be given."""
    return [name for name in kind.__struct_fields__ if name not in _FIXED]


def added_key(name: str, key: str, fields: Fields, now: datetime) -> Edit:
    """Return the edit that adds a key.

    Args:
        name: Its name; one of a revoked key may be used again.
        key: The key.
        fields: Its settings.
        now: The time.
    """
    record = _converted(
        {**fields, "id": secrets.token_hex(8), "name": name, "hash": hash_of(key), "created": now},
        AccessKey,
    )

    def edit(stored: StoredAccess) -> StoredAccess:
        for each in stored.keys:
            if each.name == name and each.revoked is None:
                raise ConfigurationError(f"there is a key {name!r} already; choose another name")
        _require_team(stored, record)
        return _with_key(stored, record)

    return edit


def changed_key(name: str, fields: Fields) -> Edit:
    """Return the edit that changes settings of a key; None takes a setting away."""

    def edit(stored: StoredAccess) -> StoredAccess:
        record = _changed(key_named(stored, name), fields, AccessKey)
        _require_team(stored, record)
        return _with_key(stored, record)

    return edit


def rotated_key(name: str, key: str, now: datetime, grace: timedelta) -> Edit:
    """Return the edit that replaces a key by another one.

    Args:
        name: Its name.
        key: The new key.
        now: The time.
        grace: The time for which the old one stays valid too.
    """

    def edit(stored: StoredAccess) -> StoredAccess:
        record = key_named(stored, name)
        old = {"old_hash": record.hash, "old_until": now + grace} if grace else {}
        fields = {"hash": hash_of(key), "old_hash": None, "old_until": None, **old}
        return _with_key(stored, msgspec.structs.replace(record, **fields))

    return edit


def revoked_key(name: str, now: datetime) -> Edit:
    """Return the edit that ends a key at once; its record stays."""

    def edit(stored: StoredAccess) -> StoredAccess:
        record = key_named(stored, name)
        return _with_key(stored, msgspec.structs.replace(record, revoked=now))

    return edit


def added_team(name: str, fields: Fields, now: datetime) -> Edit:
    """Return the edit that adds a team."""
    record = _converted({**fields, "name": name, "created": now}, AccessTeam)

    def edit(stored: StoredAccess) -> StoredAccess:
        if any(each.name == name for each in stored.teams):
            raise ConfigurationError(f"there is a team {name!r} already; choose another name")
        return _with_team(stored, record)

    return edit


def changed_team(name: str, fields: Fields) -> Edit:
    """Return the edit that changes settings of a team; None takes a setting away."""

    def edit(stored: StoredAccess) -> StoredAccess:
        return _with_team(stored, _changed(team_named(stored, name), fields, AccessTeam))

    return edit


def removed_team(name: str) -> Edit:
    """Return the edit that removes a team that no valid key belongs to."""

    def edit(stored: StoredAccess) -> StoredAccess:
        team_named(stored, name)
        used = [key.name for key in stored.keys if key.team == name and key.revoked is None]
        if used:
            raise ConfigurationError(
                f"keys belong to the team {name!r}: {', '.join(used)}; revoke them, or set another "
                "team"
            )
        teams = tuple(each for each in stored.teams if each.name != name)
        return msgspec.structs.replace(stored, teams=teams)

    return edit


def imported(keys: Collection[AccessKey], teams: Collection[AccessTeam]) -> Edit:
    """Return the edit that adds exported keys and teams; those of the same name are replaced.

    A key that was revoked since stays so.
    """

    def edit(stored: StoredAccess) -> StoredAccess:
        revoked = {key.id: key.revoked for key in stored.keys if key.revoked is not None}
        for team in teams:
            stored = _with_team(stored, team)
        for key in keys:
            _require_team(stored, key)
            until = key.revoked or revoked.get(key.id)
            stored = _with_key(stored, msgspec.structs.replace(key, revoked=until))
        return stored

    return edit


def key_named(stored: StoredAccess, name: str) -> AccessKey:
    """Return the valid key of a name.

    Raises:
        ConfigurationError: It is unknown, or was revoked.
    """
    for key in stored.keys:
        if key.name == name:
            if key.revoked is not None:
                raise ConfigurationError(f"the key {name!r} was revoked; create another one")
            return key
    raise _unknown("key", name, [key.name for key in stored.keys])


def team_named(stored: StoredAccess, name: str) -> AccessTeam:
    """Return the team of a name.

    Raises:
        ConfigurationError: It is unknown.
    """
    for team in stored.teams:
        if team.name == name:
            return team
    raise _unknown("team", name, [team.name for team in stored.teams])


def _unknown(kind: str, name: str, known: Collection[str]) -> ConfigurationError:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"list the {kind}s: llmring {kind}s list"
    return ConfigurationError(f"unknown {kind} {name!r:.100}; {advice}")


def _converted(fields: Fields, kind: type[_Record]) -> _Record:
    """Build a record.

    Raises:
        ConfigurationError: A setting has a value that it can't have.
    """
    try:
        return msgspec.convert({**fields}, kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigurationError(f"these settings can't be used: {error}") from None


def _changed(record: _Record, fields: Fields, kind: type[_Record]) -> _Record:
    whole = {**msgspec.structs.asdict(record), **fields}
    defaults = {each.name: each.default for each in msgspec.structs.fields(kind)}
    kept = {
        name: defaults[name] if value is None and not _is_required(defaults[name]) else value
        for name, value in whole.items()
    }
    return _converted(kept, kind)


def _is_required(default: object) -> bool:
    """Return True if a setting has no default."""
    return default is msgspec.NODEFAULT


def _require_team(stored: StoredAccess, key: AccessKey) -> None:
    if key.team is not None:
        team_named(stored, key.team)


def _with_key(stored: StoredAccess, key: AccessKey) -> StoredAccess:
    clashing = [
        each.name for each in stored.keys if each.hash == key.hash and each.name != key.name
    ]
    if clashing:
        raise ConfigurationError(f"{key.name!r} and {clashing[0]!r} would be the same key")
    keys = [each for each in stored.keys if each.name != key.name]
    return msgspec.structs.replace(stored, keys=tuple(sorted([*keys, key], key=_name)))


def _with_team(stored: StoredAccess, team: AccessTeam) -> StoredAccess:
    teams = [each for each in stored.teams if each.name != team.name]
    return msgspec.structs.replace(stored, teams=tuple(sorted([*teams, team], key=_name)))


def _name(record: AccessKey | AccessTeam) -> str:
    return record.name
