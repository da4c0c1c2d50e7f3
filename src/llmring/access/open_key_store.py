"""The choice of a store of keys, by its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmring.access.key_store import KeyStore


def key_store_at(place: Path | str) -> KeyStore:
    """Return the store at a place; opens nothing yet.

    Args:
        place: Its file, or the address of its PostgreSQL database.
    """
    if isinstance(place, Path):
        from llmring.access.sqlite_keys import SqliteKeyStore

        return SqliteKeyStore(place)
    from llmring.access.postgres_keys import PostgresKeyStore

    return PostgresKeyStore(place)
