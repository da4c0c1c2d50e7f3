"""Keys and teams for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llmring.access.access_records import AccessKey, AccessTeam, StoredAccess
from llmring.access.key_edits import added_key, added_team
from llmring.access.key_form import hash_of
from llmring.access.key_store import Edit, KeyStoreUnusableError

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)

# Well-formed keys.
WEB = "lr_000000000000000000000000000000002wjyrI"
OPS = "lr_1111111111111111111111111111111141XygD"
UNKNOWN = "lr_222222222222222222222222222222221aEaeY"


def access_key(name: str = "web", key: str = WEB, **fields: Any) -> AccessKey:
    return AccessKey(id=f"id-{name}", name=name, hash=hash_of(key), **fields)


def with_key(name: str = "web", key: str = WEB, **fields: Any) -> Edit:
    return added_key(name, key, fields, NOON)


def with_team(name: str, **fields: Any) -> Edit:
    return added_team(name, fields, NOON)


def stored(*keys: AccessKey, teams: tuple[AccessTeam, ...] = ()) -> StoredAccess:
    return StoredAccess(version="1", keys=keys, teams=teams)


class MemoryKeyStore:
    """A store in memory, which can be out of reach.

    Attributes:
        content: The keys and teams.
        is_gone: True if it can't be reached.
        reads: How often it was read.
    """

    place = "memory"

    def __init__(self, content: StoredAccess | None = None) -> None:
        self.content = content or StoredAccess()
        self.is_gone = False
        self.reads = 0
        self._changes = 0

    def version(self) -> str:
        self._reach()
        return self.content.version

    def read(self) -> StoredAccess:
        self._reach()
        self.reads += 1
        return self.content

    def change(self, edit: Edit) -> StoredAccess:
        self._reach()
        found = edit(self.content)
        self._changes += 1
        self.content = StoredAccess(
            version=f"changed {self._changes}", keys=found.keys, teams=found.teams
        )
        return self.content

    def close(self) -> None:
        pass

    def _reach(self) -> None:
        if self.is_gone:
            raise KeyStoreUnusableError("it can't be reached")
