"""The exchange with shared counts that come and go."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from llmring.limits import count_link, redis_connection
from llmring.limits.count_link import CountLink
from llmring.limits.counts import BudgetQuery, CountBatch, CountStore, Grants, RateGrant, StoreError
from llmring.limits.lease_book import LeaseBook
from llmring.limits.leases import BudgetRefusal, BudgetTicket, RateTicket
from llmring.limits.machine_counts import MachineCounts
from llmring.limits.process_counts import ProcessCounts
from llmring.limits.redis_counts import RedisCounts
from redis_server import RedisServer

T = TypeVar("T")
PERIOD = "2026-11-23"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, and don't take a busy machine for a slow server."""
    monkeypatch.setattr(count_link, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


class Unsteady:
    """Counts that can be gone, or whose answers can be lost."""

    def __init__(self, machines: int = 1) -> None:
        self.counts: CountStore = ProcessCounts()
        self.machines = machines
        self.is_gone = self.loses_answers = False
        self.answered: dict[tuple[str, int], Grants] = {}
        self.epoch = "one"

    def exchange(self, batch: CountBatch) -> Grants:
        if self.is_gone:
            raise StoreError("gone")
        again = self.answered.get((batch.process, batch.serial))
        found = again or self.counts.exchange(batch)
        self.answered[batch.process, batch.serial] = found
        if self.loses_answers:
            raise StoreError("lost")
        return Grants(
            rates=found.rates,
            slots=found.slots,
            budgets=found.budgets,
            machines=self.machines,
            epoch=self.epoch,
        )

    def spent(self) -> int:
        query = BudgetQuery(key="fast", period=PERIOD, limit=0)
        return (
            self.counts.exchange(CountBatch(process="x", serial=0, budgets=[query]))
            .budgets[0]
            .counted
        )

    def close(self) -> None:
        """Do nothing."""


class Process:
    """The leases of a process, asked for by hand."""

    def __init__(self, name: str, own: Path, shared: CountStore | None) -> None:
        lock = threading.RLock()
        self.book = LeaseBook(name, lambda _: None, lock)
        self.link = CountLink(self.book, MachineCounts(own), shared, "Redis at a:1", lock)

    async def reserve(self, amount: int, limit: int) -> object:
        """Return True if the amount is reserved."""
        lease = self.book.budget("fast", PERIOD)
        if lease.take(amount, limit, 0.0):
            return True
        ticket = BudgetTicket(amount)
        lease.waiting.append(ticket)
        self.book.touch(lease)
        self.round()
        return ticket.result

    async def request(self, rpm: int) -> bool:
        lease = self.book.rate("fast")
        bucket = lease.take(1, rpm, None, 0.0)
        if bucket is not None:
            return True
        ticket = RateTicket(1, 0)
        lease.waiting.append(ticket)
        self.book.touch(lease)
        self.round()
        assert isinstance(ticket.result, RateGrant)
        return ticket.result.requests > 0

    def settle(self, difference: int) -> None:
        lease = self.book.budget("fast", PERIOD)
        lease.put_back(difference)
        self.book.touch(lease)

    def round(self, *, ends: bool = False) -> None:
        self.link.round(ends=ends)


@pytest.fixture
def shared() -> Unsteady:
    return Unsteady()


@pytest.fixture
def process(tmp_path: Path, shared: Unsteady) -> Process:
    return Process("a", tmp_path / "a.db", shared)


def test_g129_a_machine_keeps_to_its_share_while_the_server_is_gone(
    process: Process, shared: Unsteady
) -> None:
    shared.machines = 4

    async def story() -> list[object]:
        # 20 of 100 are spent, so this machine's share of the rest is 20.
        assert await process.reserve(20, 100) is True
        shared.is_gone = True
        return [await process.reserve(5, 100) for _ in range(6)]

    found = asyncio.run(story())

    assert found[:4] == [True] * 4
    assert found[4] == BudgetRefusal(100 - 80 + 20, is_blind=True)


def test_g129_what_was_spent_meanwhile_is_reported_once(process: Process, shared: Unsteady) -> None:
    async def story() -> None:
        await process.reserve(20, 100)
        shared.is_gone = True
        await process.reserve(30, 100)
        process.settle(5)
        shared.is_gone = False
        for _ in range(3):
            process.round()
        process.round(ends=True)

    asyncio.run(story())

    assert shared.spent() == 45
    assert not process.link.is_blind


def test_g129_a_batch_whose_answer_is_lost_is_spent_once(
    process: Process, shared: Unsteady
) -> None:
    async def story() -> None:
        await process.reserve(20, 100)
        shared.loses_answers = True
        # Counted by the server, and once more in this machine's share, as nobody knows.
        assert await process.reserve(30, 100) is True
        shared.loses_answers = False
        process.round()
        process.round(ends=True)

    asyncio.run(story())

    assert shared.spent() == 50


def test_g129_other_processes_of_the_machine_know_its_share(
    tmp_path: Path, shared: Unsteady, process: Process
) -> None:
    shared.machines = 2
    other = Process("b", tmp_path / "a.db", shared)

    async def story() -> list[object]:
        await process.reserve(20, 100)
        shared.is_gone = True
        first = await process.reserve(30, 100)
        return [first, await other.reserve(15, 100), await other.reserve(10, 100)]

    found = asyncio.run(story())

    assert found[0] is True
    assert isinstance(found[1], BudgetRefusal)
    assert found[2] is True


def test_g129_requests_of_the_minute_before_count_in_the_share(
    process: Process, shared: Unsteady
) -> None:
    shared.machines = 2

    async def story() -> list[bool]:
        found = [await process.request(10) for _ in range(4)]
        shared.is_gone = True
        found += [await process.request(10) for _ in range(2)]
        shared.is_gone = False
        process.round()
        return found

    assert asyncio.run(story()) == [True] * 5 + [False]
    # The server has heard of the one that was sent meanwhile.
    other = Process("b", Path("/nowhere/b.db"), shared)

    async def rest() -> int:
        return sum([await other.request(10) for _ in range(8)])

    assert asyncio.run(rest()) == 5


def test_a_server_that_lost_its_data_is_told_what_was_spent(
    process: Process, shared: Unsteady
) -> None:
    async def story() -> None:
        await process.reserve(20, 100)
        await process.reserve(30, 100)
        shared.counts, shared.epoch = ProcessCounts(), "two"
        shared.answered.clear()
        await process.reserve(7, 100)
        process.round(ends=True)

    asyncio.run(story())

    assert shared.spent() == 57


def test_a_file_that_can_t_be_used_refuses_budgets_and_counts_the_rest_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = Process("a", tmp_path, None)

    async def story() -> tuple[object, list[bool]]:
        return await alone.reserve(1, 100), [await alone.request(1) for _ in range(2)]

    refused, requests = asyncio.run(story())

    assert isinstance(refused, StoreError)
    assert requests == [True, False]
    assert len([each for each in caplog.records if each.levelno == logging.WARNING]) == 1


def test_what_could_not_be_reported_is_reported_later(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    alone = Process("a", place / "spending.db", None)

    async def story() -> None:
        assert await alone.reserve(20, 100) is True
        alone.link.close()
        place.rename(tmp_path / "away")
        place.write_text("no folder")
        alone.settle(5)
        alone.round(ends=True)
        place.unlink()
        (tmp_path / "away").rename(place)
        alone.round(ends=True)

    asyncio.run(story())

    query = BudgetQuery(key="fast", period=PERIOD, limit=0)
    counts = MachineCounts(place / "spending.db")
    found = counts.exchange(CountBatch(process="x", serial=0, budgets=[query]))
    counts.close()
    assert found.budgets[0].counted == 15


def with_redis(tmp_path: Path, play: Callable[[Process, RedisServer], Coroutine[Any, Any, T]]) -> T:
    server = RedisServer(tmp_path)  # a separate server, which no other test uses
    server.start()
    counts = RedisCounts(server.url, lambda: "here")
    try:
        return asyncio.run(play(Process("a", tmp_path / "a.db", counts), server))
    finally:
        counts.close()
        server.stop()


def test_g129_a_server_that_is_restarted_is_used_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def play(process: Process, server: RedisServer) -> list[object]:
        found = [await process.reserve(20, 100)]
        server.stop()
        found += [await process.reserve(30, 100), process.link.is_blind]
        server.start()
        found += [await process.reserve(40, 100), process.link.is_blind]
        process.round(ends=True)
        other = Process("b", tmp_path / "b.db", RedisCounts(server.url, lambda: "elsewhere"))
        return [*found, await other.reserve(10, 100), await other.reserve(1, 100)]

    *found, refused = with_redis(tmp_path, play)

    assert found == [True, True, True, True, False, True]
    assert refused == BudgetRefusal(100)
    assert [each.levelname for each in caplog.records if each.name == "llmring"] == [
        "WARNING",
        "INFO",
    ]
