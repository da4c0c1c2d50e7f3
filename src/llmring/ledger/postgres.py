"""The ledger in a PostgreSQL database, which all machines of a fleet can share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from llmring.ledger.columns import MIGRATIONS, VERSION, for_version, insertion, removal
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
    "usd_sum(cost)": "CAST(SUM(CAST(cost AS NUMERIC)) AS TEXT)",
    "TAGS": "jsonb_array_elements_text(CAST("
    "CASE tags WHEN '[]' THEN '[null]' ELSE tags END AS JSONB)) AS tagged(value)",
    "TAG": "tagged.value",
    "?": "%s",
}


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
        errors = _errors()
        try:
            connection = self._writable()
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_trusted(insertion("%s")), rows)
        except errors as error:
            self.close()
            raise self._unusable(error) from None

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """Yield the rows of a statement; see `Store`."""
        statement = _spelled(statement)
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
                    cursor.execute(_trusted(for_version(statement, version)), tuple(values))
                    yield from cursor
        except errors as error:
            raise self._unusable(error) from None

    def remove(self, condition: str, values: Sequence[object], most: int) -> int:
        """Remove rows; see `Store`."""
        errors = _errors()
        try:
            statement = _trusted(_spelled(removal(condition, most)))
            return self._writable().execute(statement, tuple(values)).rowcount
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
            application_name="llmring",
        )

    def _unusable(self, error: Exception) -> LedgerUnusableError:
        # Not by urlsplit, which rejects addresses whose password must be masked all the same.
        login = self._url.partition("://")[2].rpartition("@")[0]
        password = login.partition(":")[2]
        secrets = [self._url, password, unquote(password)]
        return LedgerUnusableError(redact(" ".join(str(error).split()), secrets))


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
                connection.execute(_trusted(statement))
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
    return statement


def _trusted(statement: str) -> SQL:
    """Mark a statement made of our own constants as safe."""
    from psycopg.sql import SQL

    return SQL(cast("Any", statement))
