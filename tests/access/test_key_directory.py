"""The look-up of keys."""

from datetime import timedelta
from typing import Any

from access_keys import NOON, OPS, WEB, access_key, stored
from llmring.access.access_records import AccessTeam
from llmring.access.key_directory import KeyDirectory, key_directory
from llmring.access.key_form import hash_of


def name_of(directory: KeyDirectory, key: str, later: timedelta = timedelta()) -> str | None:
    found = directory.find(key, NOON + later)
    return None if found is None else found.key.name


def test_g110_a_key_is_found_by_its_hash_and_no_other_is() -> None:
    directory = key_directory(stored(access_key()))

    assert name_of(directory, WEB) == "web"
    for other in (OPS, "", WEB[:-1], WEB.lower(), hash_of(WEB), f"{WEB} "):
        assert name_of(directory, other) is None


def test_a_key_comes_with_its_team() -> None:
    team = AccessTeam(name="search")
    found = key_directory(stored(access_key(team="search"), teams=(team,))).find(WEB, NOON)

    assert found is not None
    assert found.team == team


def test_g117_a_revoked_key_is_not_found_even_if_a_lockfile_has_it() -> None:
    directory = key_directory(stored(access_key(revoked=NOON)), [access_key("same")])

    assert name_of(directory, WEB) is None
    assert directory.has_any


def test_g176_the_old_key_is_found_until_its_grace_ends() -> None:
    old: dict[str, Any] = {"old_hash": hash_of(OPS), "old_until": NOON + timedelta(days=1)}
    directory = key_directory(stored(access_key(**old)))

    assert name_of(directory, OPS) == "web"
    assert name_of(directory, WEB, timedelta(days=2)) == "web"
    assert name_of(directory, OPS, timedelta(days=1)) is None


def test_g124_the_keys_of_a_lockfile_are_found_next_to_those_of_the_store() -> None:
    directory = key_directory(stored(access_key()), [access_key("ops", OPS)])

    assert [name_of(directory, key) for key in (WEB, OPS)] == ["web", "ops"]
    assert not key_directory(stored()).has_any
