"""Keys and teams, and the accounts that their calls count for."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from access_keys import NOON, access_key
from llmring.access.access_records import AccessKey, AccessTeam, Api, account_of, shown
from llmring.gateway.wires import WIRES
from llmring.lockfile.schema.gateway_keys import GATEWAY_KEY
from llmring.routing.account import Account, Budget


def test_the_apis_of_keys_are_those_of_the_gateway() -> None:
    assert [*get_args(Api)] == [wire.name for wire in WIRES]


def test_g124_a_lockfile_can_give_a_key_every_setting() -> None:
    kept = {"id", "created", "revoked", "old_hash", "old_until"}

    assert GATEWAY_KEY.keys() == {*AccessKey.__struct_fields__} - kept


@pytest.mark.parametrize(
    "fields",
    [
        *({"name": each} for each in ("", "a/b", " a", "a\n", "a" * 65, "é")),
        {"hash": "abc"},
        {"nets": ("10.0.0.0/33",)},
        {"wires": ("fax",)},
        {"rpm": 0},
        {"tags": ("a,b",)},
        {"daily_budget": Decimal(0)},
        {"max_cost_per_request": Decimal("NaN")},
        {"role": "root"},
        {"unheard": 1},
        {"expires": "2027-01-31T00:00:00"},
    ],
)
def test_a_key_with_a_setting_that_it_can_t_have_is_refused(fields: dict[str, Any]) -> None:
    whole = {**msgspec.to_builtins(access_key()), **fields}

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(whole, AccessKey)


def test_g111_the_limits_and_budgets_of_a_key_are_an_account_that_does_not_wait() -> None:
    key = access_key(rpm=60, daily_budget=Decimal(5), total_budget=Decimal(100))

    assert account_of(key) == Account(
        key="key:id-web",
        name="key 'web'",
        rpm=60,
        budgets=(Budget("day", Decimal(5)), Budget("total", Decimal(100))),
        waits=False,
    )


def test_g111_without_limits_there_is_nothing_to_count() -> None:
    assert account_of(AccessTeam(name="search", owner="ada")) is None


def test_g111_a_team_is_counted_by_its_name() -> None:
    found = account_of(AccessTeam(name="search", rpm=5))

    assert found == Account(key="team:search", name="team 'search'", rpm=5, waits=False)


def test_g110_a_hash_is_not_shown() -> None:
    found = shown(access_key(old_hash=access_key().hash, old_until=NOON, tags=("a",)))

    assert "sha256" not in str(found)
    assert found["tags"] == ("a",)
