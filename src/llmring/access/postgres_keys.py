"""Keys and teams in a PostgreSQL database, which all machines of a fleet can share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from llmring.access.access_records import StoredAccess
from llmring.access.key_store import (
    FORMAT,
    Edit,
    KeyStoreUnusableError,
    changed_rows,
    decoded,
    new_version,
    removed_rows,
)
from llmring.address import without_login
from llmring.redaction import redact

if TYPE_CHECKING:
    import psycopg

# A database that does not answer must not hold up the next look for longer.
_PATIENCE_SECONDS = 3
_PATIENCE = f"-c statement_timeout={_PATIENCE_SECONDS * 1000} -c lock_timeout=3000"

# An arbitrary number, unlikely to be used elsewhere: creating a table twice at once would fail.
_LOCK = 0x6C6C6D6B657973


class PostgresKeyStore:
    """Keys and teams in a PostgreSQL database.

    Args:
        url: Its address, "postgresql://…".
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = without_login(url).partition("?")[0]
        self._connection: psycopg.Connection[Any] | None = None

    def version(self) -> str:
        """Return the version; see `KeyStore`."""
        with self._connected() as connection:
            return _version(connection)

    def read(self) -> StoredAccess:
        """Return all keys and teams; see `KeyStore`."""
        with self._connected() as connection:
            return _stored(connection)

    def change(self, edit: Edit) -> StoredAccess:
        """Change keys and teams; see `KeyStore`."""
        with self._connected() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            _migrate(connection)
            before = _stored(connection)
            after = edit(before)
            with connection.cursor() as cursor:
                cursor.executemany(
                    "DELETE FROM llmring_access WHERE kind = %s AND name = %s",
                    [*removed_rows(before, after)],
                )
                cursor.executemany(
                    "INSERT INTO llmring_access VALUES (%s, %s, %s) "
                    "ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
                    [*changed_rows(before, after)],
                )
            connection.execute("UPDATE llmring_access_state SET version = %s", (new_version(),))
            return _stored(connection)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            import psycopg
        except ImportError:
            raise KeyStoreUnusableError(
                'keys in PostgreSQL need a driver; run pip install "llmring[postgres]"'
            ) from None
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=_PATIENCE_SECONDS,
                    application_name="llmring",
                    tcp_user_timeout=_PATIENCE_SECONDS * 1000,
                    options=_PATIENCE,
                )
            yield self._connection
        except psycopg.Error as error:
            with contextlib.suppress(psycopg.Error):
                self.close()
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> KeyStoreUnusableError:
        # Not by urlsplit, which rejects addresses whose password must be masked all the same.
        password = self._url.partition("://")[2].rpartition("@")[0].partition(":")[2]
        reason = redact(" ".join(str(error).split()), [self._url, password, unquote(password)])
        return KeyStoreUnusableError(
            f"the keys in {self.place} can't be used: {reason}; check LLMRING_GATEWAY_DB"
        )


def _migrate(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS llmring_access (kind TEXT NOT NULL, name TEXT NOT NULL, "
        "body TEXT NOT NULL, PRIMARY KEY (kind, name))"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS llmring_access_state "
        "(format INTEGER NOT NULL, version TEXT NOT NULL)"
    )
    if connection.execute("SELECT 1 FROM llmring_access_state").fetchone() is None:
        connection.execute("INSERT INTO llmring_access_state VALUES (%s, '')", (FORMAT,))


def _version(connection: psycopg.Connection[Any]) -> str:
    """Return the version; "" without the tables.

    Raises:
        KeyStoreUnusableError: A newer llmring has made the tables.
    """
    there = connection.execute("SELECT to_regclass('llmring_access_state') IS NOT NULL").fetchone()
    if not (there or (False,))[0]:
        return ""
    found = connection.execute("SELECT format, version FROM llmring_access_state").fetchone()
    if found is None:
        return ""
    if found[0] > FORMAT:
        raise KeyStoreUnusableError("the keys were kept by a newer llmring; upgrade llmring")
    return str(found[1])


def _stored(connection: psycopg.Connection[Any]) -> StoredAccess:
    # The version comes first: rows that are newer than it are read again at the next look.
    version = _version(connection)
    if not version:
        return StoredAccess()
    rows = connection.execute("SELECT kind, name, body FROM llmring_access").fetchall()
    return decoded(version, rows)
