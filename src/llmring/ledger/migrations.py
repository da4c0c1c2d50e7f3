"""The versions of the ledger's tables."""

from __future__ import annotations

from collections.abc import Sequence

from llmring.ledger.columns import ADDED, FIRST, TABLE
from llmring.ledger.daily import CREATION, DAYS, FILLING, FROM_CALLS

# What processes do in turns, with the time in microseconds since 1970 when one last did it.
CHORES = "llmring_chores"


def _additions(version: int) -> Sequence[str]:
    """Return the statements that add the columns of a version."""
    columns = ADDED[version - 2].items()
    return [f"ALTER TABLE {TABLE} ADD COLUMN {name} {kind}" for name, kind in columns]


# Each migration brings a ledger to the next version; the first creates it. Never change one that
# has been released; add another. For their words, see `Store.query`.
MIGRATIONS: Sequence[Sequence[str]] = (
    (
        f"CREATE TABLE {TABLE} ({', '.join(f'{name} {kind}' for name, kind in FIRST.items())})",
        f"CREATE INDEX {TABLE}_at ON {TABLE} (at)",
    ),
    (
        *_additions(2),
        f"CREATE INDEX {TABLE}_project ON {TABLE} (project, at)",
    ),
    (
        *_additions(3),
        # No index by key or session: entries all over it would cost more than the rows.
        CREATION,
        FILLING,
        f"CREATE TABLE {CHORES} (name TEXT PRIMARY KEY, at BIGINT NOT NULL)",
    ),
)

VERSION = len(MIGRATIONS)

CLAIM = (
    f"INSERT INTO {CHORES} (name, at) VALUES (?, ?) "  # noqa: S608
    f"ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE {CHORES}.at <= ?"
)

_VERSION_WITH_DAYS = 3


def for_version(statement: str, version: int) -> str:
    """Rewrite a query for tables of an earlier version, in which later columns are NULL."""
    if version < _VERSION_WITH_DAYS:
        days = FROM_CALLS.format(condition="")
        statement = statement.replace(f"FROM {DAYS}", f"FROM ({days}) AS {DAYS}")
    missing = [
        f"CAST(NULL AS {kind}) AS {name}"
        for columns in ADDED[version - 1 :]
        for name, kind in columns.items()
    ]
    if not missing:
        return statement
    whole = f"(SELECT *, {', '.join(missing)} FROM {TABLE}) AS {TABLE}"  # noqa: S608
    return statement.replace(f"FROM {TABLE}", f"FROM {whole}")
