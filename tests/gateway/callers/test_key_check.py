"""The check of a client's key."""

from __future__ import annotations

import logging
import time
from decimal import Decimal
from typing import Any

import pytest

from access_keys import NOON, OPS, UNKNOWN, WEB, MemoryKeyStore, access_key, stored
from llmring.access.access_records import AccessTeam, StoredAccess
from llmring.access.key_directory import KeyEntry
from llmring.access.live_access import BLIND_SECONDS, LiveAccess
from llmring.clock import SYSTEM
from llmring.gateway.caller import Caller
from llmring.gateway.callers.guesses import MOST
from llmring.gateway.callers.key_check import KeyCheck, caller_of
from llmring.gateway.refusals import (
    ForbiddenError,
    NotReadyError,
    RefusedCallError,
    TooManyWrongKeysError,
    UnauthenticatedError,
)
from llmring.routing.account import Account, Budget

HERE = "192.0.2.1"


def check_of(*keys: Any, **more: Any) -> KeyCheck:
    return KeyCheck(LiveAccess(MemoryKeyStore(stored(*keys, **more))), SYSTEM)


def refusal(check: KeyCheck, key: str | None, **asked: Any) -> RefusedCallError:
    with pytest.raises(RefusedCallError) as caught:
        check.caller(key, asked.pop("api", "chat"), asked.pop("address", HERE), **asked)
    return caught.value


def test_g111_a_caller_has_the_rules_of_its_key_and_team() -> None:
    key = access_key(
        team="search",
        profile="prod",
        aliases=("fast",),
        wires=("chat",),
        tags=("a",),
        rpm=60,
        max_cost_per_request=Decimal("0.1"),
        headers="min",
    )
    team = AccessTeam(name="search", monthly_budget=Decimal(9))

    found = check_of(key, teams=(team,)).caller(WEB, "chat", HERE)

    assert found == Caller(
        key_id="id-web",
        key="web",
        team="search",
        profile="prod",
        aliases=("fast",),
        wires=("chat",),
        tags=("a",),
        max_cost=0.1,
        is_terse=True,
        accounts=(
            Account(key="key:id-web", name="key 'web'", rpm=60, waits=False),
            Account(
                key="team:search",
                name="team 'search'",
                budgets=(Budget("month", Decimal(9)),),
                waits=False,
            ),
        ),
    )


def test_g116_over_the_limit_of_a_key_or_team_no_call_waits() -> None:
    key, team = access_key(team="t", rpm=1), AccessTeam(name="t", max_concurrency=1)
    found = caller_of(KeyEntry(key=key, team=team, digest=b""))

    assert [account.waits for account in found.accounts] == [False, False]


def test_g090_without_a_key_a_call_is_refused() -> None:
    assert isinstance(refusal(check_of(access_key()), None), UnauthenticatedError)


def test_g169_unknown_mistyped_and_revoked_keys_get_the_same_refusal() -> None:
    check = check_of(access_key(), access_key("old", OPS, revoked=NOON))

    found = [refusal(check, key) for key in (UNKNOWN, "", "sk-other", WEB[:-1], OPS)]

    assert {type(each) for each in found} == {UnauthenticatedError}
    assert len({str(each) for each in found}) == 1


def test_g169_a_refusal_takes_the_same_time_whatever_key_it_is_for() -> None:
    def fastest(key: str) -> float:
        # In blocks, since the address is closed after some wrong keys.
        found = []
        for _ in range(300):
            check = KeyCheck(access, SYSTEM)
            began = time.perf_counter_ns()
            refusal(check, key)
            found.append(time.perf_counter_ns() - began)
        return min(found)

    keys = [access_key(f"key {number}", f"lr_{number:038}") for number in range(500)]
    revoked = access_key("old", OPS, revoked=NOON)
    access = LiveAccess(MemoryKeyStore(stored(*keys, revoked)))
    # The beginning of one of them, one that was revoked, and one that never was.
    times = [fastest(key) for key in (f"lr_{49:037}", OPS, UNKNOWN)]

    assert max(times) < 3 * min(times)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"expires": NOON}, {}),
        ({"wires": ("messages",)}, {"api": "chat"}),
        ({"nets": ("10.0.0.0/8",)}, {}),
        ({}, {"needs": "admin"}),
    ],
)
def test_g091_a_key_that_may_not_do_this_is_forbidden(
    fields: dict[str, Any], asked: dict[str, Any]
) -> None:
    assert isinstance(refusal(check_of(access_key(**fields)), WEB, **asked), ForbiddenError)


def test_g119_an_admin_s_key_may_manage_whatever_its_apis_are() -> None:
    check = check_of(access_key(role="admin", wires=("messages",)))

    assert check.caller(WEB, "chat", HERE, "admin").is_admin


def test_g118_after_ten_wrong_keys_the_address_waits_and_the_log_has_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    check = check_of(access_key(), access_key("ops", OPS))
    check.caller(WEB, "chat", HERE)
    found = [refusal(check, f"guess {number}") for number in range(MOST + 5)]

    assert [type(each) for each in found] == [UnauthenticatedError] * MOST + [
        TooManyWrongKeysError
    ] * 5
    assert len(caplog.records) == 1
    # One that clients have used from there goes on; one that may have been guessed does not.
    assert check.caller(WEB, "chat", HERE).key == "web"
    assert isinstance(refusal(check, OPS), TooManyWrongKeysError)
    assert check.caller(OPS, "chat", "192.0.2.9").key == "ops"


def test_g118_a_missing_or_expired_key_is_no_guess() -> None:
    check = check_of(access_key(expires=NOON))
    for _ in range(2 * MOST):
        refusal(check, None)
        refusal(check, WEB)

    assert isinstance(refusal(check, WEB), ForbiddenError)


def test_g130_keys_that_can_t_be_judged_are_not_wrong() -> None:
    store, seconds = MemoryKeyStore(stored(access_key())), [0.0]
    check = KeyCheck(LiveAccess(store, monotonic=lambda: seconds[0]), SYSTEM)
    seconds[0] = BLIND_SECONDS + 1

    assert check.is_blind
    for _ in range(2 * MOST):
        assert isinstance(refusal(check, WEB), NotReadyError)


def test_g117_a_caller_changes_with_its_key() -> None:
    store = MemoryKeyStore(stored(access_key()))
    access = LiveAccess(store)
    check = KeyCheck(access, SYSTEM)
    before = check.caller(WEB, "chat", HERE)
    store.content = StoredAccess(version="2", keys=(access_key(aliases=("fast",)),))
    access.look()

    assert (before.aliases, check.caller(WEB, "chat", HERE).aliases) == (None, ("fast",))
