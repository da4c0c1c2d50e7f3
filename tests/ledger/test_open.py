"""The store that the place of a ledger chooses."""

from pathlib import Path

from llmring.ledger.open import store_at
from llmring.ledger.postgres import PostgresStore
from llmring.ledger.sqlite import SqliteStore


def test_a_path_is_an_sqlite_file_and_opens_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.sqlite"

    assert isinstance(store_at(path), SqliteStore)
    assert not path.parent.exists()


def test_a_text_is_the_address_of_a_database_and_connects_to_nothing_yet() -> None:
    assert isinstance(store_at("postgresql://127.0.0.1:1/x"), PostgresStore)
