"""Keys and teams in an SQLite file, shared by all processes of a user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

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

_PATIENCE_SECONDS = 5.0

_TABLES = (
    "CREATE TABLE IF NOT EXISTS access (kind TEXT NOT NULL, name TEXT NOT NULL, "
    "body TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS access_state (version TEXT NOT NULL)",
)


class SqliteKeyStore:
    """Keys and teams in an SQLite file.

    Args:
        path: The file. A change creates it and its folder, readable by this user alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def version(self) -> str:
        """Return the version; see `KeyStore`."""
        if not self._path.exists():
            return ""
        with self._reading() as connection:
            return _version(connection)

    def read(self) -> StoredAccess:
        """Return all keys and teams; see `KeyStore`."""
        if not self._path.exists():
            return StoredAccess()
        with self._reading() as connection:
            connection.execute("BEGIN")
            return _stored(connection)

    def change(self, edit: Edit) -> StoredAccess:
        """Change keys and teams; see `KeyStore`."""
        with self._usable():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its -wal and -shm files the mode of this one.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._connected("rw") as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            _migrate(connection)
            before = _stored(connection)
            after = edit(before)
            connection.executemany(
                "DELETE FROM access WHERE kind = ? AND name = ?", removed_rows(before, after)
            )
            connection.executemany(
                "INSERT OR REPLACE INTO access VALUES (?, ?, ?)", changed_rows(before, after)
            )
            connection.execute("UPDATE access_state SET version = ?", (new_version(),))
            found = _stored(connection)
            connection.execute("COMMIT")
            return found

    def close(self) -> None:
        """Do nothing: the file is open only while it is used."""

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._connected("ro") as connection:
            found = _format(connection)
            if found > FORMAT:
                raise _too_new()
            yield connection

    @contextlib.contextmanager
    def _connected(self, mode: str) -> Iterator[sqlite3.Connection]:
        with self._usable():
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_PATIENCE_SECONDS,
                isolation_level=None,
            )
            # What is not committed is rolled back.
            with contextlib.closing(connection):
                yield connection

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise KeyStoreUnusableError(
                f"the keys in {self._path} can't be used: {error}; make the file and its folder "
                "readable and writable, or set LLMRING_GATEWAY_DB"
            ) from None


def _migrate(connection: sqlite3.Connection) -> None:
    if _format(connection) > FORMAT:
        raise _too_new()
    if not _format(connection):
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO access_state VALUES ('')")
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def _format(connection: sqlite3.Connection) -> int:
    [found] = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def _version(connection: sqlite3.Connection) -> str:
    if not _format(connection):
        return ""
    [found] = connection.execute("SELECT version FROM access_state").fetchone()
    return str(found)


def _stored(connection: sqlite3.Connection) -> StoredAccess:
    version = _version(connection)
    if not version:
        return StoredAccess()
    return decoded(version, connection.execute("SELECT kind, name, body FROM access"))


def _too_new() -> KeyStoreUnusableError:
    return KeyStoreUnusableError("the keys were kept by a newer llmring; upgrade llmring")
