"""Changes of keys and teams."""

from datetime import timedelta
from decimal import Decimal

import pytest

from access_keys import NOON, OPS, WEB, access_key, stored, with_key, with_team
from llmring.access.access_records import AccessTeam, StoredAccess
from llmring.access.key_edits import (
    changed_key,
    changed_team,
    imported,
    key_named,
    removed_team,
    revoked_key,
    rotated_key,
    team_named,
)
from llmring.access.key_form import hash_of
from llmring.access.key_store import Edit
from llmring.exceptions import ConfigurationError

EMPTY = StoredAccess()


def after(*edits: Edit) -> StoredAccess:
    found = EMPTY
    for edit in edits:
        found = edit(found)
    return found


def test_a_key_is_added_with_its_settings() -> None:
    key = key_named(after(with_key(rpm=60, aliases=["fast"], daily_budget=0.1)), "web")

    assert (key.rpm, key.aliases, key.daily_budget) == (60, ("fast",), Decimal("0.1"))
    assert key.hash == hash_of(WEB)
    assert key.created == NOON


def test_two_keys_have_different_ids() -> None:
    found = after(with_key(), with_key("ops", OPS))

    assert len({key.id for key in found.keys}) == 2


@pytest.mark.parametrize(
    "edit",
    [
        with_key(key=OPS),
        with_key("ops"),
        with_key("ops", OPS, team="search"),
        changed_key("web", {"team": "search"}),
        changed_key("web", {"rpm": -1}),
        changed_key("none", {"rpm": 1}),
        revoked_key("none", NOON),
        changed_team("none", {"rpm": 1}),
        removed_team("none"),
    ],
)
def test_an_edit_that_can_t_be_made_is_refused(edit: Edit) -> None:
    with pytest.raises(ConfigurationError):
        after(with_key(), edit)


def test_none_takes_a_setting_away_and_others_stay() -> None:
    found = after(with_key(rpm=60, tpm=1000, tags=["a"]), changed_key("web", {"rpm": None}))
    key = key_named(found, "web")

    assert (key.rpm, key.tpm, key.tags) == (None, 1000, ("a",))


def test_g176_a_rotated_key_keeps_its_settings_and_the_old_one_for_a_time() -> None:
    before = after(with_key(rpm=60))
    found = rotated_key("web", OPS, NOON, timedelta(days=1))(before)
    key = key_named(found, "web")

    assert (key.hash, key.rpm, key.id) == (hash_of(OPS), 60, before.keys[0].id)
    assert (key.old_hash, key.old_until) == (hash_of(WEB), NOON + timedelta(days=1))


def test_g176_without_grace_the_old_key_ends_at_once() -> None:
    key = key_named(after(with_key(), rotated_key("web", OPS, NOON, timedelta())), "web")

    assert (key.old_hash, key.old_until) == (None, None)


def test_the_name_of_a_revoked_key_can_be_used_again() -> None:
    found = after(with_key(), revoked_key("web", NOON), with_key(key=OPS))

    assert [key.revoked for key in found.keys] == [None]


def test_a_revoked_key_is_not_changed() -> None:
    with pytest.raises(ConfigurationError, match="revoked"):
        after(with_key(), revoked_key("web", NOON), changed_key("web", {"rpm": 1}))


def test_a_team_with_keys_is_not_removed() -> None:
    found = after(with_team("search", rpm=10), with_key(team="search"))

    with pytest.raises(ConfigurationError, match="web"):
        removed_team("search")(found)
    assert removed_team("search")(revoked_key("web", NOON)(found)).teams == ()


def test_the_settings_of_a_team_are_changed() -> None:
    found = after(with_team("search", rpm=10), changed_team("search", {"rpm": None, "tpm": 5}))

    assert team_named(found, "search") == AccessTeam(name="search", tpm=5, created=NOON)


def test_a_name_is_suggested_for_an_unknown_one() -> None:
    with pytest.raises(ConfigurationError, match="'web'"):
        key_named(after(with_key()), "wbe")


def test_an_import_replaces_what_has_the_same_name() -> None:
    team = AccessTeam(name="search")
    found = imported([access_key(rpm=1, team="search")], [team])(after(with_key(rpm=60)))

    assert [key.rpm for key in found.keys] == [1]
    assert found.teams == (team,)


def test_an_import_does_not_bring_a_revoked_key_back() -> None:
    key = access_key()
    found = imported([key], [])(stored(access_key(revoked=NOON)))

    assert [each.revoked for each in found.keys] == [NOON]
