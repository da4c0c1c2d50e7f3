"""Counts that all processes of this machine share, in an SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from llmring.limits.count_rules import (
    RateCount,
    SlotCount,
    take_budget,
    take_rates,
    take_slots,
)
from llmring.limits.counts import (
    BudgetGrant,
    BudgetQuery,
    CountBatch,
    Grants,
    RateGrant,
    RateQuery,
    SlotGrant,
    SlotQuery,
    StoreError,
)

T = TypeVar("T", RateCount, SlotCount)

# Other processes lock the file for far less than a millisecond at a time.
_PATIENCE_SECONDS = 5.0

_MAKE = (
    """
    CREATE TABLE IF NOT EXISTS spending (
        key TEXT NOT NULL,
        day TEXT NOT NULL,
        nanos INTEGER NOT NULL,
        PRIMARY KEY (key, day)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS counts (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)

# The labels of other periods than a day begin with a letter, or are as old as their month.
_TIDY = "DELETE FROM spending WHERE day < date(:day, '-400 days')"

_STATE = "SELECT state FROM counts WHERE kind = ? AND key = ?"
_KEEP = "REPLACE INTO counts (kind, key, state) VALUES (?, ?, ?)"
_DROP = "DELETE FROM counts WHERE kind = ? AND key = ?"

_COUNTED = "SELECT nanos FROM spending WHERE key = ? AND day = ?"
_COUNT = """
    INSERT INTO spending (key, day, nanos) VALUES (?, ?, ?)
    ON CONFLICT (key, day) DO UPDATE SET nanos = excluded.nanos
"""


class MachineCounts:
    """Counts in an SQLite file; see `CountStore`.

    Args:
        path: The file, created with its folder on first use.
        clock: Returns the time in seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None

    def exchange(self, batch: CountBatch) -> Grants:
        """Answer a batch in one transaction.

        Raises:
            StoreError: The file can't be used.
        """
        with self._transaction() as connection:
            # Read now: while waiting for the file, time has passed.
            now = self._clock()
            return Grants(
                rates=[_rates(connection, each, now) for each in batch.rates],
                slots=[_slots(connection, each, batch.process, now) for each in batch.slots],
                budgets=[_spend(connection, each) for each in batch.budgets],
            )

    def fact(self, name: str) -> str | None:
        """Return what was kept under a name; None if nothing.

        Raises:
            StoreError: The file can't be used.
        """
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a text under a name.

        Raises:
            StoreError: The file can't be used.
        """
        with self._transaction() as connection:
            connection.execute("REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def machine(self) -> str:
        """Return the ID of all who use this file; a new one if it can't be used."""
        own = uuid.uuid4().hex
        try:
            with self._transaction() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO facts (name, value) VALUES ('machine', ?)", (own,)
                )
            return self.fact("machine") or own
        except StoreError:
            return own

    def close(self) -> None:
        """Close the file; it is opened again on demand."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connection
            if connection is None:
                self._connection = connection = _opened(self.path.expanduser(), self._clock())
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError, RuntimeError, OverflowError, msgspec.MsgspecError) as error:
            raise StoreError(f"{self.path}: {error}") from error


def _opened(path: Path, now: float) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # This may fail while another process does the same; then the other succeeds.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may lose the last amounts, and no more.
        connection.execute("PRAGMA synchronous = NORMAL")
        for statement in _MAKE:
            connection.execute(statement)
        connection.execute(_TIDY, {"day": datetime.fromtimestamp(now, UTC).date().isoformat()})
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection, kind: str, key: str, type_: type[T]) -> T:
    row = connection.execute(_STATE, (kind, key)).fetchone()
    return type_() if row is None else msgspec.json.decode(row[0], type=type_)


def _write(connection: sqlite3.Connection, kind: str, key: str, count: T, *, empty: bool) -> None:
    if empty:
        connection.execute(_DROP, (kind, key))
    else:
        connection.execute(_KEEP, (kind, key, msgspec.json.encode(count)))


def _rates(connection: sqlite3.Connection, query: RateQuery, now: float) -> list[RateGrant]:
    count = _read(connection, "rates", query.key, RateCount)
    grants = take_rates(count, query, now)
    _write(connection, "rates", query.key, count, empty=not count.buckets)
    return grants


def _slots(connection: sqlite3.Connection, query: SlotQuery, process: str, now: float) -> SlotGrant:
    count = _read(connection, "slots", query.key, SlotCount)
    grant = take_slots(count, query, process, now)
    _write(connection, "slots", query.key, count, empty=not (count.held or count.wanted))
    return grant


def _spend(connection: sqlite3.Connection, query: BudgetQuery) -> BudgetGrant:
    row = connection.execute(_COUNTED, (query.key, query.period)).fetchone()
    before = row[0] if row else 0
    grant = take_budget(before, query)
    if grant.counted != before:
        connection.execute(_COUNT, (query.key, query.period, grant.counted))
    return grant
