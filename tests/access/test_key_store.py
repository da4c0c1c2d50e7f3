"""Stores of keys, in SQLite and in PostgreSQL."""

import threading
from pathlib import Path

import pytest

from access_keys import NOON, OPS, access_key, stored, with_key, with_team
from llmring.access.access_records import StoredAccess
from llmring.access.key_edits import changed_key, removed_team, revoked_key
from llmring.access.key_store import (
    KeyStore,
    changed_rows,
    decoded,
    new_version,
    removed_rows,
)
from llmring.access.open_key_store import key_store_at
from llmring.exceptions import ConfigurationError


def test_g110_a_store_that_was_never_written_is_empty(store: KeyStore) -> None:
    assert (store.version(), store.read()) == ("", StoredAccess())


def test_g110_what_is_kept_is_read_again_by_another_process(
    store: KeyStore, place: Path | str
) -> None:
    store.change(with_team("search", rpm=5))
    kept = store.change(with_key(team="search", daily_budget=0.1, expires=NOON, nets=["::1"]))

    other = key_store_at(place)
    found = other.read()
    other.close()

    assert found == kept
    assert [key.name for key in found.keys] == ["web"]


def test_each_change_gives_another_version(store: KeyStore) -> None:
    versions = [store.version()]
    for edit in (with_key(), changed_key("web", {"rpm": 1}), revoked_key("web", NOON)):
        store.change(edit)
        versions.append(store.version())

    assert len({*versions}) == 4


def test_an_edit_that_fails_changes_nothing(store: KeyStore) -> None:
    before = store.change(with_key())

    with pytest.raises(ConfigurationError):
        store.change(with_key(key=OPS))

    assert store.read() == before


def test_what_an_edit_removes_is_gone(store: KeyStore) -> None:
    store.change(with_team("search"))
    store.change(removed_team("search"))

    assert store.read().teams == ()


def test_changes_at_the_same_time_are_all_kept(place: Path | str) -> None:
    def add(number: int) -> None:
        store = key_store_at(place)
        store.change(with_key(f"key {number}", f"lr_{number}"))
        store.close()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    store = key_store_at(place)
    assert len(store.read().keys) == 8
    store.close()


def test_g110_the_store_has_no_key_in_it(store: KeyStore, tmp_path: Path) -> None:
    store.change(with_key(key=OPS))

    for path in tmp_path.rglob("*.sqlite*"):
        assert OPS.encode() not in path.read_bytes()


def test_only_what_changed_is_written() -> None:
    before = stored(access_key("a"), access_key("b"))
    after = stored(access_key("b", rpm=1), access_key("c"))

    assert [row[:2] for row in changed_rows(before, after)] == [("key", "b"), ("key", "c")]
    assert [*removed_rows(before, after)] == [("key", "a")]


def test_a_record_that_is_not_understood_is_no_valid_key() -> None:
    rows = [
        *changed_rows(StoredAccess(), stored(access_key())),
        ("key", "later", '{"id":"1","name":"later","hash":"sha256:00","only_on_mondays":true}'),
        ("key", "broken", "{"),
        ("robot", "r", "{}"),
    ]

    assert decoded("1", rows) == stored(access_key())


def test_versions_differ() -> None:
    assert new_version() != new_version()
