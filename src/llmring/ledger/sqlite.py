"""The ledger in a file of SQLite, which all processes of a user share."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from llmring.ledger.columns import COLUMNS, MIGRATIONS, VERSION, insertion
from llmring.ledger.store import LedgerUnusableError, Row, too_new

# Another process holds the file for some milliseconds at a time.
PATIENCE_SECONDS = 5.0

# Python's lock is let go at each statement and has to be waited for after it, which under load
# costs more than the statement does; so one enters many rows.
_AT_ONCE = 512

_EXACT = Context(prec=60)

_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

# The words of a statement that SQLite has others for.
_WORDS = {
    "day_of(at)": "date(at / 1000000, 'unixepoch')",
    "TAGS": "json_each(CASE tags WHEN '[]' THEN '[null]' ELSE tags END) AS tagged",
    "TAG": "tagged.value",
}


class SqliteStore:
    """The way to a ledger in a file, for one thread.

    Args:
        path: The file; writing makes it, with its folder, and for this user alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def write(self, rows: Sequence[Row]) -> None:
        """Enter rows; see `Store`."""
        try:
            if self._connection is None:
                self._connection = _made(self._path)
            _enter(self._connection, rows)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _unusable(error) from None

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows that a statement gives; see `Store`."""
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
                    yield from connection.execute(statement, tuple(values))
        except (sqlite3.Error, OSError) as error:
            raise _unusable(error) from None

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _made(path: Path) -> sqlite3.Connection:
    """The file, opened for writing; made where it was not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives the files beside it the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(
        path,
        timeout=PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        # They differ by how many rows they enter, and each would be kept.
        cached_statements=0,
    )
    try:
        # A killed process loses nothing that is committed; a loss of power may cost the last.
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
    # Only now is it sure that no other process is doing the same.
    version = _version(connection)
    if version > VERSION:
        raise too_new(version)
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _enter(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    # Each statement is a transaction of its own.
    # https://www.sqlite.org/limits.html#max_variable_number
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(COLUMNS)
    step = min(_AT_ONCE, most)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        connection.execute(insertion("?", len(some)), [*chain.from_iterable(some)])


def _opened(path: Path) -> sqlite3.Connection:
    """The file, opened for reading."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE_SECONDS
    )
    sum_: Any = _Sum
    connection.create_aggregate("usd_sum", 1, sum_)
    return connection


class _Sum:
    """An exact sum of amounts; None where there are none."""

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
    return LedgerUnusableError(_said(error), passing=passing)


def _said(error: sqlite3.Error | OSError) -> str:
    """What is wrong, in SQLite's words, and the mend where there is one."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # above it is the same in detail
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return f"{error}; the file and its folder must allow reading and writing"
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{error}; move it away, and the next call begins a new one"
    return str(error)
