"""The ledger in an SQLite file, shared by all processes of a user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from llmring.ledger.columns import (
    COLUMNS,
    MIGRATIONS,
    VERSION,
    for_version,
    insertion,
    removal,
)
from llmring.ledger.store import LedgerUnusableError, Row, too_new

# Another process locks the file for some milliseconds at a time.
PATIENCE_SECONDS = 5.0

# Python's interpreter lock is released for each statement and must be acquired again after it,
# which under load costs more than the statement. So one statement inserts many rows.
_AT_ONCE = 512

_EXACT = Context(prec=60)

_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

# SQLite's spelling of the words that statements may use (see `Store.query`).
_WORDS = {
    "day_of(at)": "date(at / 1000000, 'unixepoch')",
    "TAGS": "json_each(CASE tags WHEN '[]' THEN '[null]' ELSE tags END) AS tagged",
    "TAG": "tagged.value",
}


class SqliteStore:
    """A ledger in an SQLite file, used by one thread.

    Args:
        path: The file. Writing creates it and its folder, readable by this user alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def write(self, rows: Sequence[Row]) -> None:
        """Insert rows; see `Store`."""
        try:
            if self._connection is None:
                self._connection = _made(self._path)
            _enter(self._connection, rows)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _unusable(error) from None

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """Yield the rows of a statement; see `Store`."""
        for word, own in _WORDS.items():
            statement = statement.replace(word, own)
        try:
            if not self._path.exists():
                return
            if self._path.is_dir():
                raise LedgerUnusableError("it is a folder")
            with contextlib.closing(_opened(self._path)) as connection:
                version = _version(connection)
                if version > VERSION:
                    raise too_new(version)
                if version:
                    yield from connection.execute(for_version(statement, version), tuple(values))
        except (sqlite3.Error, OSError) as error:
            raise _unusable(error) from None

    def remove(self, condition: str, values: Sequence[object], most: int) -> int:
        """Remove rows; see `Store`."""
        try:
            if self._connection is None:
                if not self._path.exists():
                    return 0
                self._connection = _made(self._path)
            return self._connection.execute(removal(condition, most), tuple(values)).rowcount
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _unusable(error) from None

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _made(path: Path) -> sqlite3.Connection:
    """Open the file for writing; create it if it does not exist."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        path,
        timeout=PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        # Statements differ by their number of rows, so caching them would only cost memory.
        cached_statements=0,
    )
    try:
        # A killed process loses nothing committed; a power cut may lose the last commits.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")
        if _version(connection) != VERSION:
            _migrate(connection)
    except (sqlite3.Error, LedgerUnusableError):
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    # Read it again: another process may have migrated before this one got the lock.
    version = _version(connection)
    if version > VERSION:
        raise too_new(version)
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _enter(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    # In autocommit mode, each statement is its own transaction.
    # https://www.sqlite.org/limits.html#max_variable_number
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(COLUMNS)
    step = min(_AT_ONCE, most)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        connection.execute(insertion("?", len(some)), [*chain.from_iterable(some)])


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file for reading; also in a folder where SQLite can't write its own files."""
    connection = _connected(path, "mode=ro")
    try:
        _version(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        # No process writes here: https://www.sqlite.org/wal.html#read_only_databases
        connection = _connected(path, "mode=ro&immutable=1")
    sum_: Any = _Sum
    connection.create_aggregate("usd_sum", 1, sum_)
    return connection


def _connected(path: Path, query: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}", uri=True, timeout=PATIENCE_SECONDS
    )


class _Sum:
    """An SQL aggregate: the exact sum of amounts; None if all are NULL."""

    def __init__(self) -> None:
        self._total: Decimal | None = None

    def step(self, amount: str | None, /) -> None:
        if amount is not None:
            self._total = _EXACT.add(self._total or Decimal(0), Decimal(amount))

    def finalize(self) -> str | None:
        return None if self._total is None else str(self._total)


def _version(connection: sqlite3.Connection) -> int:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _unusable(error: sqlite3.Error | OSError) -> LedgerUnusableError:
    passing = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode in _PASSING
    return LedgerUnusableError(_error_text(error), passing=passing)


def _error_text(error: sqlite3.Error | OSError) -> str:
    """Return SQLite's message, with the fix if there is one."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the higher bits hold details
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return f"{error}; make the file and its folder readable and writable"
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{error}; move the file away, and the next call starts a new one"
    return str(error)
