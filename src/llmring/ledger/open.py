"""The choice of a ledger's store, by its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmring.ledger.store import Store


def store_at(place: Path | str) -> Store:
    """Return the store for a ledger; opens nothing yet.

    Args:
        place: Its file, or the address of its PostgreSQL database.
    """
    if isinstance(place, Path):
        from llmring.ledger.sqlite import SqliteStore

        return SqliteStore(place)
    from llmring.ledger.postgres import PostgresStore

    return PostgresStore(place)
