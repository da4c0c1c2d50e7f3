"""Admission of calls within the limits of their lockfile."""

import asyncio
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring.chat.events import Usage
from llmring.clock import SYSTEM
from llmring.config.settings import read_settings
from llmring.exceptions import (
    BudgetExceededError,
    LimitExceededError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
)
from llmring.limits.admission import AdmissionControl
from llmring.limits.backends import leases_for
from llmring.limits.counts import label_of, usd_of
from llmring.limits.lease_broker import LeaseBroker
from llmring.limits.machine_counts import MachineCounts
from llmring.limits.reservation import Reservation
from llmring.registry.cost_extras import CostExtras
from llmring.routing.account import Account, Budget
from llmring.routing.estimate import TokenEstimate
from llmring.routing.policy import Policy, Rules
from priced import target

# The load of a test's call costs a dollar with this one, by estimate.
MODEL = target("a", "1")
LOAD = TokenEstimate(prompt=600_000, answer=400_000)
DOLLAR = Decimal(1)


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[LeaseBroker]:
    broker = LeaseBroker(MachineCounts(tmp_path / "spending.db"))
    yield broker
    broker.close()


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., Rules]:
    """Return a function that makes the limits of this test's calls."""

    def make(
        alias: str = "fast",
        profile: str = "default",
        accounts: tuple[Account, ...] = (),
        more: dict[str, Any] | None = None,
        **limits: Any,
    ) -> Rules:
        lockfile = str(tmp_path / "llmring.lock")
        policy = Policy(**limits)
        return Rules(
            policy=policy,
            alias=alias,
            profile=profile,
            lockfile=lockfile,
            estimate=LOAD,
            accounts=accounts,
            **(more or {}),
        )

    return make


def spent(leases: LeaseBroker, rules: Rules) -> Decimal:
    label = label_of("day", SYSTEM.now().date())
    return usd_of(asyncio.run(leases.spent(rules.key, label)))


def send(leases: LeaseBroker, rules: Rules | None, **after: Any) -> Reservation:
    """Send a call's only request, ending with this cost or error; return its reservation."""

    async def call() -> Reservation:
        deadline = time.monotonic() + 1
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(rules, deadline) as admission:
            reservation = await admission.sending(MODEL)
            if "cost" in after:
                reservation.answered(after["cost"], after.get("usage"))
            if "error" in after:
                reservation.failed(after["error"])
        return reservation

    return asyncio.run(call())


def test_a_call_within_its_budget_is_counted_by_its_cost(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(daily_budget=2)

    send(leases, limited, cost=Decimal("0.25"))

    assert spent(leases, limited) == Decimal("0.25")


def test_a_call_that_may_go_beyond_the_budget_is_refused_with_the_figures(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(daily_budget=1.75)
    send(leases, limited, cost=Decimal("0.8"))

    with pytest.raises(BudgetExceededError) as caught:
        send(leases, limited)

    error = caught.value
    assert (error.limit, error.spent, error.estimate) == (Decimal("1.75"), Decimal("0.8"), DOLLAR)
    assert "'fast' may spend $1.75 a day; $0.80 are spent" in str(error)
    assert "openai:a may cost $1.00" in str(error)
    assert 0 < (error.retry_after or 0) <= 86400
    assert not isinstance(error, ProviderError)


def test_the_error_survives_pickling(leases: LeaseBroker, rules: Callable[..., Rules]) -> None:
    with pytest.raises(BudgetExceededError) as caught:
        send(leases, rules(daily_budget=0.5))

    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - it was made here

    assert (str(copy), copy.limit, copy.retry_after) == (
        str(caught.value),
        Decimal("0.5"),
        caught.value.retry_after,
    )


@pytest.mark.parametrize(
    ("after", "counted"),
    [
        ({"cost": None}, 1),
        ({}, 1),
        ({"error": ProviderConnectionError("cut", status=200)}, 1),
        ({"error": ProviderRateLimitError("slow down", status=429)}, 0),
        ({"cost": Decimal(3)}, 3),
    ],
    ids=["cost unknown", "never heard of again", "cut", "refused", "more than estimated"],
)
def test_a_call_is_counted_by_what_it_may_have_cost(
    leases: LeaseBroker, rules: Callable[..., Rules], after: dict[str, Any], counted: int
) -> None:
    limited = rules(daily_budget=2)

    send(leases, limited, **after)

    assert spent(leases, limited) == counted


def test_calls_at_once_never_go_beyond_the_budget(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(daily_budget=5)

    async def call() -> bool:
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(limited, None) as admission:
            try:
                reservation = await admission.sending(MODEL)
            except BudgetExceededError:
                return False
            await asyncio.sleep(0)
            reservation.answered(DOLLAR, None)
            return True

    async def many() -> list[bool]:
        return await asyncio.gather(*(call() for _ in range(20)))

    assert sum(asyncio.run(many())) == 5
    assert spent(leases, limited) == 5


def test_each_alias_of_each_profile_has_a_budget_of_its_own(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    for alias, profile in [("fast", "default"), ("deep", "default"), ("fast", "prod")]:
        send(leases, rules(alias, profile, daily_budget=1))

    with pytest.raises(BudgetExceededError):
        send(leases, rules("fast", "prod", daily_budget=1))


def test_a_request_beyond_the_minute_that_can_t_wait_is_refused(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(rpm=2)
    send(leases, limited)
    send(leases, limited)

    with pytest.raises(LimitExceededError, match="rpm = 2") as caught:
        send(leases, limited)

    assert 0 < (caught.value.retry_after or 0) <= 61


def test_tokens_of_a_minute_count_as_the_answer_reports_them(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(tpm=1_500_000)
    send(leases, limited, cost=None, usage=Usage(prompt_tokens=400_000, completion_tokens=100_000))
    send(leases, limited)

    with pytest.raises(LimitExceededError, match="tpm = 1500000"):
        send(leases, limited)


def test_tokens_of_a_request_that_was_refused_do_not_count(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(tpm=1_000_000)
    for _ in range(3):
        send(leases, limited, error=ProviderRateLimitError("slow down", status=429))

    send(leases, limited)


def test_a_request_that_the_budget_refuses_takes_no_place_in_the_minute(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    with pytest.raises(BudgetExceededError):
        send(leases, rules(rpm=1, daily_budget=0.5))

    send(leases, rules(rpm=1))


def test_all_rings_of_a_process_share_the_limits(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(max_concurrency=1)

    async def two() -> None:
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(limited, None):
            with pytest.raises(LimitExceededError, match="max_concurrency"):
                async with AdmissionControl(lambda: leases, SYSTEM).admitted(
                    limited, time.monotonic()
                ):
                    pass
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(limited, time.monotonic()):
            pass

    asyncio.run(two())


def test_a_call_that_fails_gives_its_slot_back(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(max_concurrency=1)

    async def fails() -> None:
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(limited, time.monotonic()):
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            asyncio.run(fails())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_counts_with_its_parent(tmp_path: Path, rules: Callable[..., Rules]) -> None:
    limited = rules(max_concurrency=2)
    settings = read_settings({"XDG_CACHE_HOME": str(tmp_path)})

    def control() -> AdmissionControl:
        return AdmissionControl(lambda: leases_for(settings), SYSTEM)

    async def calls_in_child() -> None:
        async with control().admitted(limited, time.monotonic()):
            with pytest.raises(LimitExceededError):
                await control().admitted(limited, time.monotonic()).enter()

    async def parent() -> int:
        async with control().admitted(limited, None):
            child = os.fork()
            if child == 0:
                with_child_loop(calls_in_child)
            return os.waitpid(child, 0)[1]

    assert asyncio.run(parent()) == 0


def with_child_loop(call: Callable[[], Any]) -> None:
    """Run a call in a forked child, in a loop of its own, and end the child."""
    status = 1
    try:
        asyncio._set_running_loop(None)
        asyncio.run(call())
        status = 0
    finally:
        os._exit(status)


@pytest.mark.parametrize("unlimited", [None, {}], ids=["no rules", "no limits"])
def test_a_call_without_limits_opens_no_file(
    rules: Callable[..., Rules], unlimited: dict[str, Any] | None
) -> None:
    def never() -> LeaseBroker:
        raise AssertionError

    async def call() -> None:
        held = None if unlimited is None else rules(**unlimited)
        async with AdmissionControl(never, SYSTEM).admitted(held, None) as admission:
            reservation = await admission.sending(MODEL)
            reservation.answered(DOLLAR, Usage())

    asyncio.run(call())


def test_the_governor_is_loaded_without_sqlite() -> None:
    code = "import sys, llmring.limits.admission; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


# --- the accounts of a caller ------------------------------------------------------------------


def key(**limits: Any) -> Account:
    return Account(key="key:1", name="key 'web'", waits=False, **limits)


def budget(period: Any, usd: str) -> tuple[Budget, ...]:
    return (Budget(period, Decimal(usd)),)


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"rpm": 1}, "rpm = 1"),
        ({"tpm": 1_500_000}, "tpm = 1500000"),
        ({"budgets": budget("day", "1.5")}, r"may spend \$1\.50 a day"),
        ({"budgets": budget("week", "1.5")}, r"may spend \$1\.50 a week"),
        ({"budgets": budget("month", "1.5")}, r"may spend \$1\.50 a month"),
        ({"budgets": budget("total", "1.5")}, r"may spend \$1\.50 in all"),
    ],
    ids=["rpm", "tpm", "day", "week", "month", "total"],
)
def test_g116_over_a_limit_of_the_key_a_call_is_refused_at_once_and_it_is_named(
    leases: LeaseBroker, rules: Callable[..., Rules], limits: dict[str, Any], named: str
) -> None:
    send(leases, rules(accounts=(key(**limits),)))

    began = time.monotonic()
    with pytest.raises(LimitExceededError, match=named) as caught:
        # Whatever its alias: the key is the same.
        send(leases, rules("deep", accounts=(key(**limits),), rpm=100))

    assert "key 'web'" in str(caught.value)
    assert time.monotonic() - began < 0.9
    whole = limits.get("budgets", budget("day", "1"))[0].period == "total"
    assert whole or (caught.value.retry_after or 0) > 0


def test_g116_calls_of_a_key_beyond_its_concurrency_are_refused_at_once(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(accounts=(key(max_concurrency=1),), max_concurrency=5)
    control = AdmissionControl(lambda: leases, SYSTEM)

    async def two() -> None:
        async with control.admitted(limited, None):
            with pytest.raises(LimitExceededError, match="key 'web' are in progress"):
                await control.admitted(limited, None).enter()
        # What the refused call had taken of its alias is free.
        async with control.admitted(limited, None):
            pass

    asyncio.run(two())


def test_g116_over_a_limit_of_the_alias_a_call_waits_as_long_as_the_queue_allows(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(max_concurrency=1, more={"queue": 0.2})
    control = AdmissionControl(lambda: leases, SYSTEM)

    async def two() -> float:
        async with control.admitted(limited, None):
            began = time.monotonic()
            with pytest.raises(LimitExceededError, match="max_concurrency"):
                await control.admitted(limited, None).enter()
            return time.monotonic() - began

    assert 0.15 < asyncio.run(two()) < 2


def test_g116_a_key_with_many_calls_does_not_keep_others_waiting_for_all_of_them(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    control = AdmissionControl(lambda: leases, SYSTEM)
    order: list[str] = []

    async def call(group: str) -> None:
        limited = rules(max_concurrency=1, more={"queue": 20.0, "group": group})
        async with control.admitted(limited, None):
            order.append(group)
            await asyncio.sleep(0.005)

    async def many() -> None:
        first = asyncio.create_task(call("first"))
        await asyncio.sleep(0.1)
        await asyncio.gather(*(call("busy") for _ in range(10)), call("other"), first)

    asyncio.run(many())

    assert order.index("other") <= 3


def test_g112_of_parallel_calls_only_as_many_pass_as_the_budget_of_the_key_has(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    limited = rules(accounts=(key(budgets=budget("month", "10")),))

    async def call() -> bool:
        async with AdmissionControl(lambda: leases, SYSTEM).admitted(limited, None) as admission:
            try:
                reservation = await admission.sending(MODEL)
            except BudgetExceededError:
                return False
            await asyncio.sleep(0.01)
            reservation.answered(DOLLAR, None)
            return True

    async def many() -> list[bool]:
        return await asyncio.gather(*(call() for _ in range(64)))

    assert sum(asyncio.run(many())) == 10


def test_g112_a_call_that_one_account_refuses_costs_the_others_nothing(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    team = Account(key="team:1", name="team", budgets=budget("day", "0.5"), waits=False)
    limited = rules(accounts=(key(budgets=budget("day", "10")), team), daily_budget=5)

    with pytest.raises(BudgetExceededError, match="team may spend"):
        send(leases, limited)

    label = label_of("day", SYSTEM.now().date())
    assert asyncio.run(leases.spent("key:1", label)) == 0
    assert spent(leases, limited) == 0


@pytest.mark.parametrize(
    ("estimate", "extras"),
    [
        (TokenEstimate(prompt=600_000, answer=400_000, answers=2), CostExtras()),
        (TokenEstimate(prompt=600_000, answer=10**9), CostExtras()),
        (LOAD, CostExtras(tier="priority")),
        (LOAD, CostExtras(uses=40)),
    ],
    ids=["several answers", "a huge max_tokens", "a service class", "tools of the provider"],
)
def test_g163_a_request_can_t_hide_what_it_may_cost(
    leases: LeaseBroker,
    rules: Callable[..., Rules],
    estimate: TokenEstimate,
    extras: CostExtras,
) -> None:
    limited = rules(accounts=(key(budgets=budget("day", "1.2")),), more={"extras": extras})

    with pytest.raises(BudgetExceededError):
        send(leases, msgspec.structs.replace(limited, estimate=estimate))


def test_g163_a_key_that_is_called_by_many_names_has_one_budget(
    leases: LeaseBroker, rules: Callable[..., Rules]
) -> None:
    accounts = (key(budgets=budget("day", "1.5")),)
    send(leases, rules("fast", accounts=accounts))

    for alias, profile in [("fast", "default"), ("deep", "default"), ("fast", "other")]:
        with pytest.raises(BudgetExceededError):
            send(leases, rules(alias, profile, accounts=accounts))
