"""Limits that hold for all processes together, in real processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import fleet_member
from fleet_member import AT_ONCE, CENT, LIMIT
from llmring.limits import count_link, redis_connection
from llmring.limits.counts import BudgetQuery, CountBatch
from llmring.limits.lease_broker import BudgetNeed, LeaseBroker
from llmring.limits.machine_counts import MachineCounts
from redis_server import RedisServer

Member = subprocess.Popen[str]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limit, so that a busy machine is not taken for a slow server."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


@pytest.fixture(params=["one machine", "Redis"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the server of a fleet; none for the processes of one machine."""
    if request.param == "Redis":
        return str(request.getfixturevalue("redis_url"))
    return ""


def started(folder: Path, url: str, *arguments: str) -> Member:
    return subprocess.Popen(
        [sys.executable, fleet_member.__file__, str(folder), url, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def line_of(member: Member) -> str:
    assert member.stdout is not None
    return member.stdout.readline()


def go_on(member: Member) -> None:
    assert member.stdin is not None
    member.stdin.write("\n")
    member.stdin.flush()


def test_g115_limits_hold_for_all_processes_within_a_twentieth(tmp_path: Path, url: str) -> None:
    members = [started(tmp_path, url, "all") for _ in range(4)]
    for member in members:
        assert line_of(member) == '"ready"\n'
    for member in members:
        go_on(member)
    found = [json.loads(member.communicate(timeout=30)[0]) for member in members]

    granted = {kind: sum(each[kind] for each in found) for kind in ("requests", "tokens", "budget")}
    for kind, whole in granted.items():
        assert 0.95 * LIMIT <= whole <= 1.05 * LIMIT, (kind, granted)
    assert granted["budget"] <= LIMIT
    spans = [span for each in found for span in each["slots"]]
    assert len(spans) == 4 * 40
    for began, _ in spans:
        assert sum(start <= began < end for start, end in spans) <= AT_ONCE


def test_g115_a_killed_process_keeps_only_what_it_may_have_spent(tmp_path: Path, url: str) -> None:
    with started(tmp_path, url, "budget") as member:
        line_of(member)
        go_on(member)
        granted = int(line_of(member))
        # What it has leased and not used by then is given back.
        time.sleep(1.7)
        member.send_signal(signal.SIGKILL)

    leases = fleet_member.broker(tmp_path, url)
    spent = asyncio.run(leases.spent("budget", "total"))
    leases.close()
    assert granted == 50
    assert spent == 50 * CENT


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[LeaseBroker]:
    broker = LeaseBroker(MachineCounts(tmp_path / "spending.db"))
    yield broker
    broker.close()


def counted(folder: Path) -> int:
    counts = MachineCounts(folder / "spending.db")
    query = BudgetQuery(key="fast", period="total", limit=0)
    found = counts.exchange(CountBatch(process="x", serial=1, budgets=[query])).budgets[0].counted
    counts.close()
    return found


def test_g112_of_many_calls_at_once_only_as_many_pass_as_the_budget_has(
    leases: LeaseBroker,
) -> None:
    lease = leases.budget("fast", "total")

    async def many() -> list[object]:
        return await asyncio.gather(
            *(leases.reserve([BudgetNeed(lease, 10, 100)]) for _ in range(64))
        )

    assert asyncio.run(many()).count(None) == 10


def test_amounts_are_reserved_in_all_budgets_or_in_none(
    leases: LeaseBroker, tmp_path: Path
) -> None:
    roomy, full = leases.budget("fast", "total"), leases.budget("deep", "total")

    async def story() -> object:
        refused = await leases.reserve([BudgetNeed(roomy, 10, 100), BudgetNeed(full, 10, 5)])
        assert refused is not None
        assert refused[0].lease is full
        return await leases.reserve([BudgetNeed(roomy, 100, 100)])

    assert asyncio.run(story()) is None


def test_what_is_not_used_is_given_back_at_the_end(leases: LeaseBroker, tmp_path: Path) -> None:
    lease = leases.budget("fast", "total")

    async def story() -> None:
        for _ in range(5):
            assert await leases.reserve([BudgetNeed(lease, 10, 10_000)]) is None
        leases.correct(lease, 3)

    asyncio.run(story())
    leases.close()

    assert counted(tmp_path) == 47


def test_a_call_that_is_cancelled_while_it_asks_gives_back_what_it_gets(
    leases: LeaseBroker, tmp_path: Path
) -> None:
    lease, rate = leases.budget("fast", "total"), leases.rate("fast")

    async def story() -> None:
        asking = [
            asyncio.create_task(leases.reserve([BudgetNeed(lease, 10, 10)])),
            asyncio.create_task(leases.request(rate, 1, None, 1, 0)),
        ]
        await asyncio.sleep(0)
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert await leases.reserve([BudgetNeed(lease, 10, 10)]) is None
        await asyncio.sleep(0.6)
        found = await leases.request(rate, 1, None, 1, 0)
        assert not isinstance(found, int)
        assert found.requests == 1

    asyncio.run(story())


def test_g129_a_restart_of_the_server_under_load_costs_no_call_and_no_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_link, "PAUSE_SECONDS", 0.2)
    server = RedisServer(tmp_path)  # a separate server, which no other test uses
    server.start()
    fleet = [fleet_member.broker(tmp_path / str(at), server.url) for at in range(3)]
    limit, ends = 5000, threading.Event()

    async def load(broker: LeaseBroker) -> int:
        lease, granted = broker.budget("fast", "total"), 0
        while not ends.is_set():
            granted += await broker.reserve([BudgetNeed(lease, 1, limit)]) is None
            await asyncio.sleep(0.001)
        return granted

    async def story() -> int:
        loads = [asyncio.create_task(load(each)) for each in fleet for _ in range(4)]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(1)
        ends.set()
        granted = sum(await asyncio.gather(*loads))
        assert not any(each.is_blind for each in fleet)
        return granted

    try:
        granted = asyncio.run(story())
        for each in fleet:
            each.close()
        counted = server.ask("GET {llmring}:spent:total:fast").split()[1]
    finally:
        server.stop()

    assert int(counted) == granted
    # The server has lost its data, so the first to come back may lease what others have spent.
    assert granted <= 1.25 * limit
