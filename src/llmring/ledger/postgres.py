"""The ledger in a PostgreSQL database, which all machines of a fleet can share."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from llmring.ledger.columns import TABLE, insertion, removal
from llmring.ledger.daily import ADDITION, DAYS, MARK, RECOUNT, oldest_days, sums_of
from llmring.ledger.migrations import CLAIM, MIGRATIONS, VERSION, for_version
from llmring.ledger.store import LedgerUnusableError, Row, too_new
from llmring.redaction import redact

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import SQL

PATIENCE_SECONDS = 5

# An arbitrary number, unlikely to be used elsewhere: creating a table twice at once would fail.
LOCK = 0x6C6C6D72696E67

_READ_AT_ONCE = 1000

# PostgreSQL's spelling of the words that statements may use (see `Store.query`).
_WORDS = {
    "day_of(at)": "to_char(to_timestamp(at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "TAGS": "jsonb_array_elements_text(CAST("
    "CASE tags WHEN '[]' THEN '[null]' ELSE tags END AS JSONB)) AS tagged(value)",
    "TAG": "tagged.value",
    "?": "%s",
}
_USD_SUM = re.compile(r"usd_sum\((\w+)\)")
_USD_PLUS = re.compile(r"usd_plus\((\w+)\)")

# Failures that come from other processes, and pass.
_PASSING = frozenset({"40001", "40P01", "55P03"})


class PostgresStore:
    """A ledger in a PostgreSQL database, used by one thread.

    Args:
        url: Its address, "postgresql://…".
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Row] | None = None

    def write(self, rows: Sequence[Row]) -> None:
        """Insert rows; see `Store`."""
        rows = list({row[0]: row for row in rows}.values())
        with self._used() as connection:
            if not _enter(connection, rows):
                known = _known(connection, rows)
                if not _enter(connection, [row for row in rows if row[0] not in known]):
                    raise LedgerUnusableError("others write the same calls", passing=True)

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """Yield the rows of a statement; see `Store`."""
        errors = _errors()
        try:
            with contextlib.closing(self._connected()) as connection:
                version = _version(connection)
                if version > VERSION:
                    raise too_new(version)
                if not version:
                    return
                with connection.transaction(), connection.cursor("llmring") as cursor:
                    cursor.itersize = _READ_AT_ONCE
                    known = _trusted(_spelled(for_version(statement, version)))
                    cursor.execute(known, tuple(values))
                    yield from cursor
        except errors as error:
            raise self._unusable(error) from None

    def remove(self, condition: str, values: Sequence[object], most: int) -> int:
        """Remove rows; see `Store`."""
        with self._used() as connection, connection.transaction():
            days = _trusted(_spelled(oldest_days(condition, most)))
            for day in connection.execute(days, tuple(values)).fetchall():
                connection.execute(_trusted(_spelled(MARK)), day)
            statement = _trusted(_spelled(removal(condition, most)))
            return connection.execute(statement, tuple(values)).rowcount

    def claim(self, chore: str, at: int, before: int) -> bool:
        """Claim a chore; see `Store`."""
        with self._used() as connection:
            found = connection.execute(_trusted(_spelled(CLAIM)), (chore, at, before))
            return found.rowcount == 1

    def recount(self) -> None:
        """Make the sums by day again; see `Store`."""
        with self._used() as connection, connection.transaction():
            # Calls that others insert meanwhile would count twice, or not at all.
            connection.execute(_trusted(f"LOCK TABLE {TABLE}, {DAYS} IN EXCLUSIVE MODE"))
            for statement in RECOUNT:
                connection.execute(_trusted(_spelled(statement)))

    def tidy(self, *, all_: bool = False) -> None:
        """Do nothing: PostgreSQL frees what rows have left by itself; see `Store`."""

    @contextlib.contextmanager
    def _used(self) -> Iterator[psycopg.Connection[Row]]:
        """Return the connection, to a ledger of this version."""
        errors = _errors()
        try:
            yield self._writable()
        except LedgerUnusableError:
            raise
        except errors as error:
            self.close()
            raise self._unusable(error) from None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _writable(self) -> psycopg.Connection[Row]:
        """Return the connection, to a ledger of this version."""
        if self._connection is None:
            # Kept here first: a forked child must not end the session of a parent that migrates.
            self._connection = self._connected()
            try:
                _migrate(self._connection)
            except LedgerUnusableError:
                self.close()
                raise
        return self._connection

    def _connected(self) -> psycopg.Connection[Row]:
        import psycopg

        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=PATIENCE_SECONDS,
            # Of a machine that is gone without a word.
            tcp_user_timeout=PATIENCE_SECONDS * 1000,
            application_name="llmring",
        )

    def _unusable(self, error: Exception) -> LedgerUnusableError:
        # Not by urlsplit, which rejects addresses whose password must be masked all the same.
        login = self._url.partition("://")[2].rpartition("@")[0]
        password = login.partition(":")[2]
        secrets = [self._url, password, unquote(password)]
        passing = getattr(error, "sqlstate", None) in _PASSING
        text = redact(" ".join(str(error).split()), secrets)
        return LedgerUnusableError(text, passing=passing)


def _errors() -> type[Exception]:
    """Return the base class of psycopg's errors.

    Raises:
        LedgerUnusableError: psycopg is not installed.
    """
    try:
        import psycopg
    except ImportError:
        raise LedgerUnusableError(
            'PostgreSQL needs a driver; run pip install "llmring[postgres]"'
        ) from None
    return psycopg.Error


def _enter(connection: psycopg.Connection[Row], rows: Sequence[Row]) -> bool:
    """Insert rows and add them to the sums by day; return False if some were there already."""
    if not rows:
        return True
    import psycopg

    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_trusted(insertion("%s")), rows)
        entered = cursor.rowcount
        if entered != len(rows):
            raise psycopg.Rollback
        cursor.executemany(_trusted(_spelled(ADDITION)), sums_of(rows))
    return entered == len(rows)


def _known(connection: psycopg.Connection[Row], rows: Sequence[Row]) -> set[str]:
    """Return the IDs of the rows that are already there."""
    statement = _trusted(f"SELECT id FROM {TABLE} WHERE id = ANY(%s)")  # noqa: S608
    return {id_ for (id_,) in connection.execute(statement, ([row[0] for row in rows],))}


def _migrate(connection: psycopg.Connection[Row]) -> None:
    if _version(connection) == VERSION:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        # If another process made the table in the meantime, this statement sees it. to_regclass
        # might still answer from the session's cache, filled before the lock was taken.
        connection.execute("CREATE TABLE IF NOT EXISTS llmring_ledger (version INTEGER NOT NULL)")
        [version] = connection.execute("SELECT version FROM llmring_ledger").fetchone() or (None,)
        if version is None:
            version = 0
            connection.execute("INSERT INTO llmring_ledger VALUES (0)")
        if version > VERSION:
            raise too_new(version)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(_trusted(_spelled(statement)))
        connection.execute("UPDATE llmring_ledger SET version = %s", (VERSION,))


def _version(connection: psycopg.Connection[Row]) -> int:
    """Return the version of the ledger; 0 if it does not exist yet."""
    [there] = connection.execute("SELECT to_regclass('llmring_ledger') IS NOT NULL").fetchone() or (
        False,
    )
    if not there:
        return 0
    [version] = connection.execute("SELECT version FROM llmring_ledger").fetchone() or (0,)
    return int(version)


def _spelled(statement: str) -> str:
    """Replace the words of `Store` by PostgreSQL's."""
    statement = statement.replace("%", "%%")
    for word, own in _WORDS.items():
        statement = statement.replace(word, own)
    statement = _USD_SUM.sub(r"CAST(SUM(CAST(\1 AS NUMERIC)) AS TEXT)", statement)
    return _USD_PLUS.sub(_added, statement)


def _added(word: re.Match[str]) -> str:
    one, other = (f"CAST({side}.{word[1]} AS NUMERIC)" for side in (DAYS, "excluded"))
    return f"CAST(COALESCE({one} + {other}, {one}, {other}) AS TEXT)"


def _trusted(statement: str) -> SQL:
    """Mark a statement made of our own constants as safe."""
    from psycopg.sql import SQL

    return SQL(cast("Any", statement))
