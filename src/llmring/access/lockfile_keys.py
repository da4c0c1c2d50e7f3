"""The keys in `[[gateway.keys]]` of a lockfile, which are changed there alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from llmring.access.access_records import AccessKey
from llmring.exceptions import ConfigurationError

ID_PREFIX = "lockfile:"


def lockfile_keys(tables: Iterable[Mapping[str, Any]]) -> tuple[AccessKey, ...]:
    """Return the keys of a lockfile.

    Args:
        tables: The tables in `[[gateway.keys]]`, each with its keys of the right shape.

    Raises:
        ConfigurationError: A table is not that of a key.
    """
    found = tuple(map(_key, tables))
    names = [key.name for key in found]
    for key in found:
        if names.count(key.name) > 1:
            raise ConfigurationError(f"[[gateway.keys]] has {key.name!r} twice; rename one of them")
    return found


def _key(table: Mapping[str, Any]) -> AccessKey:
    fields = {name: value for name, value in table.items() if not name.startswith("x-")}
    if "expires" in fields:
        fields["expires"] = _moment(fields["expires"])
    fields["id"] = f"{ID_PREFIX}{table.get('name')}"
    try:
        return msgspec.convert(fields, AccessKey)
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigurationError(
            f"the key {table.get('name')!r} in [[gateway.keys]] can't be used: {error}"
        ) from None


def _moment(given: object) -> object:
    """Return the moment that a date or time in TOML means, in UTC if it names no zone."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            return given
    if isinstance(given, date) and not isinstance(given, datetime):
        given = datetime.combine(given, time())
    if isinstance(given, datetime) and given.tzinfo is None:
        return given.replace(tzinfo=UTC)
    return given
