"""Keys in an SQLite file."""

import sqlite3
import stat
from pathlib import Path

import pytest

from access_keys import with_key
from llmring.access.key_store import KeyStoreUnusableError
from llmring.access.sqlite_keys import SqliteKeyStore


def test_g127_only_this_user_may_open_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys.sqlite"
    SqliteKeyStore(path).change(with_key())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_reading_creates_nothing(tmp_path: Path) -> None:
    SqliteKeyStore(tmp_path / "state" / "keys.sqlite").read()

    assert not (tmp_path / "state").exists()


def test_a_file_that_is_not_a_store_is_reported_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    path.write_text("no database" * 100)
    store = SqliteKeyStore(path)

    for act in (store.version, store.read, lambda: store.change(with_key())):
        with pytest.raises(KeyStoreUnusableError, match="LLMRING_GATEWAY_DB"):
            act()


def test_the_keys_of_a_newer_llmring_are_neither_read_nor_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    store = SqliteKeyStore(path)
    store.change(with_key())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    for act in (store.version, store.read, lambda: store.change(with_key("other"))):
        with pytest.raises(KeyStoreUnusableError, match="newer"):
            act()
