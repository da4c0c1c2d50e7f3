"""All valid keys by their hashes, as a gateway looks them up."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from llmring.access.access_records import AccessKey, AccessTeam, StoredAccess
from llmring.access.key_form import digest_of, read_hash


class KeyEntry(Struct, frozen=True, kw_only=True):
    """A key with its team.

    Attributes:
        key: The key.
        team: Its team, if that is known.
        digest: The hash by which it was found.
        until: Until when it is valid by this hash, if that ends.
    """

    key: AccessKey
    team: AccessTeam | None
    digest: bytes
    until: datetime | None = None


class KeyDirectory(Struct, frozen=True, kw_only=True):
    """All keys that may be used, at some moment.

    Attributes:
        entries: The keys by their hashes.
        has_any: True if there is any key, even one that was revoked.
    """

    entries: Mapping[bytes, KeyEntry] = {}
    has_any: bool = False

    def find(self, key: str, now: datetime) -> KeyEntry | None:
        """Return the entry of a key; None if it is unknown or was revoked.

        A key is compared by its hash, so that the time taken shows nothing of those that exist.

        Args:
            key: The key as the client sends it.
            now: The time.
        """
        digest = digest_of(key)
        found = self.entries.get(digest)
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return None if found.until is not None and found.until <= now else found


def key_directory(stored: StoredAccess, lockfile: Iterable[AccessKey] = ()) -> KeyDirectory:
    """Return the directory of the keys of a store and of a lockfile.

    Args:
        stored: The keys and teams of the store; of two equal keys, its own counts.
        lockfile: The keys of the lockfile.
    """
    teams = {team.name: team for team in stored.teams}
    keys = [*lockfile, *stored.keys]
    entries: dict[bytes, KeyEntry] = {}
    for key in keys:
        team = None if key.team is None else teams.get(key.team)
        digest = read_hash(key.hash)
        entries[digest] = KeyEntry(key=key, team=team, digest=digest)
        if key.old_hash is not None and key.old_until is not None:
            old = read_hash(key.old_hash)
            entries[old] = KeyEntry(key=key, team=team, digest=old, until=key.old_until)
    for digest in [digest for digest, entry in entries.items() if entry.key.revoked is not None]:
        del entries[digest]
    return KeyDirectory(entries=entries, has_any=bool(keys))
