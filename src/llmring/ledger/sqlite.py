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

from llmring.ledger.columns import TABLE, insertion, removal
from llmring.ledger.daily import (
    ADDITION,
    AMOUNTS,
    DAYS,
    MARK,
    RECOUNT,
    oldest_days,
    sums_of,
    usd_plus,
)
from llmring.ledger.migrations import CLAIM, MIGRATIONS, VERSION, for_version
from llmring.ledger.store import LedgerUnusableError, Row, too_new

# Another process locks the file for some milliseconds at a time.
PATIENCE_SECONDS = 5.0

# Python's interpreter lock is released for each statement and must be acquired again after it,
# which under load costs more than the statement. So one statement inserts many rows. Powers of two
# let each be one of few statements, which are kept: making them costs more than running them.
_AT_ONCE = 256
_MOST_STATEMENTS = 24

_EXACT = Context(prec=60)

_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

# SQLite's spelling of the words that statements may use (see `Store.query`).
_WORDS = {
    "day_of(at)": "date(at / 1000000, 'unixepoch')",
    "TAGS": "json_each(CASE tags WHEN '[]' THEN '[null]' ELSE tags END) AS tagged",
    "TAG": "tagged.value",
    # The functions are Python's, which are slow to call.
    **{
        f"usd_sum({name})": f"usd_sum({name}) FILTER (WHERE {name} IS NOT NULL)" for name in AMOUNTS
    },
    **{
        f"usd_plus({name})": f"CASE WHEN excluded.{name} IS NULL THEN {DAYS}.{name} "
        f"ELSE usd_plus({DAYS}.{name}, excluded.{name}) END"
        for name in AMOUNTS
    },
}

# The part of the file that may be free, for later calls. SQLite gives back the rest in steps.
_MOST_FREE = 0.1
_PAGES_AT_ONCE = 500
_INCREMENTAL = 2

# Bytes that a file of changes keeps after a large one.
_MOST_WAL = 64 * 2**20


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
            _enter(self._connection, list({row[0]: row for row in rows}.values()))
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _unusable(error) from None

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """Yield the rows of a statement; see `Store`."""
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
                    known = _spelled(for_version(statement, version))
                    yield from connection.execute(known, tuple(values))
        except (sqlite3.Error, OSError) as error:
            raise _unusable(error) from None

    def remove(self, condition: str, values: Sequence[object], most: int) -> int:
        """Remove rows; see `Store`."""
        with self._used() as connection:
            if connection is None:
                return 0
            with _transaction(connection):
                days = _spelled(oldest_days(condition, most))
                for day in connection.execute(days, tuple(values)).fetchall():
                    connection.execute(MARK, day)
                return connection.execute(removal(condition, most), tuple(values)).rowcount

    def claim(self, chore: str, at: int, before: int) -> bool:
        """Claim a chore; see `Store`."""
        with self._used() as connection:
            if connection is None:
                return False
            return connection.execute(CLAIM, (chore, at, before)).rowcount == 1

    def recount(self) -> None:
        """Make the sums by day again; see `Store`."""
        with self._used() as connection:
            if connection is not None:
                with _transaction(connection):
                    for statement in RECOUNT:
                        connection.execute(_spelled(statement))

    def tidy(self, *, all_: bool = False) -> None:
        """Give back free space; see `Store`."""
        with self._used() as connection:
            if connection is None:
                return
            if all_:
                connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
                connection.execute("VACUUM")
            elif _number(connection, "auto_vacuum") == _INCREMENTAL:
                while _number(connection, "freelist_count") > _MOST_FREE * _number(
                    connection, "page_count"
                ):
                    connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    @contextlib.contextmanager
    def _used(self) -> Iterator[sqlite3.Connection | None]:
        """Return the connection; None if the file does not exist yet."""
        try:
            if self._connection is None and self._path.exists():
                self._connection = _made(self._path)
            yield self._connection
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
        cached_statements=_MOST_STATEMENTS,
    )
    try:
        # Before the first table, or it has no effect.
        connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
        # A killed process loses nothing committed; a power cut may lose the last commits.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_MOST_WAL}")
        _add_functions(connection)
        if _version(connection) != VERSION:
            _migrate(connection)
    except (sqlite3.Error, LedgerUnusableError):
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    with _transaction(connection):
        # Read it again: another process may have migrated before this one got the lock.
        version = _version(connection)
        if version > VERSION:
            raise too_new(version)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(_spelled(statement))
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        _roll_back(connection)
        raise
    connection.execute("COMMIT")


def _roll_back(connection: sqlite3.Connection) -> None:
    # Some errors have already ended the transaction.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _enter(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    while rows and not _entered(connection, rows):
        # Rare: another process has written some of them.
        known = _known(connection, rows)
        rows = [row for row in rows if row[0] not in known]


def _entered(connection: sqlite3.Connection, rows: Sequence[Row]) -> bool:
    """Insert rows and add them to the sums by day; return False if some were there already."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_new = _inserted(connection, rows) == len(rows)
        if is_new:
            connection.executemany(_ADDITION, sums_of(rows))
    except BaseException:
        _roll_back(connection)
        raise
    connection.execute("COMMIT" if is_new else "ROLLBACK")
    return is_new


def _inserted(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert rows; return the number of those that were not there."""
    count = start = 0
    while start < len(rows):
        size = min(_AT_ONCE, 1 << (len(rows) - start).bit_length() - 1)
        values = [*chain.from_iterable(rows[start : start + size])]
        count += connection.execute(_INSERTIONS[size], values).rowcount
        start += size
    return count


def _known(connection: sqlite3.Connection, rows: Sequence[Row]) -> set[str]:
    """Return the IDs of the rows that are already there."""
    statement = f"SELECT id FROM {TABLE} WHERE id = ?"  # noqa: S608
    return {row[0] for row in rows if connection.execute(statement, row[:1]).fetchone()}


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
    _add_functions(connection)
    return connection


def _add_functions(connection: sqlite3.Connection) -> None:
    sum_: Any = _Sum
    connection.create_aggregate("usd_sum", 1, sum_)
    connection.create_function("usd_plus", 2, usd_plus, deterministic=True)


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
            known = Decimal(amount)
            self._total = known if self._total is None else _EXACT.add(self._total, known)

    def finalize(self) -> str | None:
        return None if self._total is None else str(self._total)


def _version(connection: sqlite3.Connection) -> int:
    return _number(connection, "user_version")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    [number] = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


def _spelled(statement: str) -> str:
    """Replace the words of `Store` by SQLite's."""
    for word, own in _WORDS.items():
        statement = statement.replace(word, own)
    return statement


_ADDITION = _spelled(ADDITION)
# At most 9472 values: https://www.sqlite.org/limits.html#max_variable_number
_INSERTIONS = {size: insertion("?", size) for size in (1 << n for n in range(9))}


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
