"""The choice of a store of keys."""

from pathlib import Path

from llmring.access.open_key_store import key_store_at
from llmring.access.postgres_keys import PostgresKeyStore
from llmring.access.sqlite_keys import SqliteKeyStore


def test_a_file_is_sqlite_and_an_address_postgresql(tmp_path: Path) -> None:
    file, database = key_store_at(tmp_path / "k"), key_store_at("postgresql://me:pw@127.0.0.1:1/x")

    assert isinstance(file, SqliteKeyStore)
    assert isinstance(database, PostgresKeyStore)
    assert "pw" not in database.place
