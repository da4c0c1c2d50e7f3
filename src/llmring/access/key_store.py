"""The interface of the databases that keep keys and teams, and the form of their rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from llmring.access.access_records import AccessKey, AccessTeam, StoredAccess
from llmring.exceptions import ConfigurationError

Edit = Callable[[StoredAccess], StoredAccess]

# The kind of a record, its name, and its content as JSON.
AccessRow = tuple[str, str, str]

FORMAT = 1
"""The format of the tables; another llmring may make a later one."""


class KeyStoreUnusableError(ConfigurationError):
    """A store of keys that can't be read or written."""


class KeyStore(Protocol):
    """A store of keys and teams, used by one thread at a time.

    Attributes:
        place: Its place, without a login.
    """

    place: str

    def version(self) -> str:
        """Return a text that is another one after each change; "" if nothing was ever kept.

        Raises:
            KeyStoreUnusableError: The store can't be read.
        """

    def read(self) -> StoredAccess:
        """Return all keys and teams.

        Raises:
            KeyStoreUnusableError: The store can't be read.
        """

    def change(self, edit: Edit) -> StoredAccess:
        """Change keys and teams, all or nothing, and return them.

        Args:
            edit: Returns the keys and teams after the change; its errors change nothing.

        Raises:
            KeyStoreUnusableError: The store can't be written.
        """

    def close(self) -> None:
        """Close the connection."""


def new_version() -> str:
    """Return the version of a changed store."""
    return secrets.token_hex(8)


def decoded(version: str, rows: Iterable[AccessRow]) -> StoredAccess:
    """Return the keys and teams in rows.

    A record that can't be read, such as one of a later llmring, is left out: a key with a rule that
    is not understood must not be valid.
    """
    keys, teams = [], []
    for kind, _, body in sorted(rows):
        try:
            if kind == "key":
                keys.append(msgspec.json.decode(body, type=AccessKey))
            elif kind == "team":
                teams.append(msgspec.json.decode(body, type=AccessTeam))
        except (msgspec.DecodeError, ValueError):
            continue
    return StoredAccess(version=version, keys=tuple(keys), teams=tuple(teams))


def changed_rows(before: StoredAccess, after: StoredAccess) -> Iterator[AccessRow]:
    """Yield the rows to enter after a change."""
    old = dict(_records(before))
    for place, record in _records(after):
        if old.get(place) != record:
            yield (*place, msgspec.json.encode(record).decode())


def removed_rows(before: StoredAccess, after: StoredAccess) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of each row to remove after a change."""
    kept = {place for place, _ in _records(after)}
    yield from (place for place, _ in _records(before) if place not in kept)


def _records(
    access: StoredAccess,
) -> Iterator[tuple[tuple[str, str], AccessKey | AccessTeam]]:
    yield from ((("key", each.name), each) for each in access.keys)
    yield from ((("team", each.name), each) for each in access.teams)
