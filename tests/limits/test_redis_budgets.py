"""Spending of a fleet against a daily budget, counted in Redis."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from llmring.limits import redis_connection
from llmring.limits.budgets import SqliteSpending
from llmring.limits.redis_budgets import PREFIX, SharedSpending
from llmring.limits.redis_connection import RedisLink
from redis_server import RedisServer

T = TypeVar("T")

TODAY = date(2026, 11, 23)
CENT = Decimal("0.01")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limit, so that a busy machine is not taken for a slow server."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


def with_count(url: str, path: Path, play: Callable[[SharedSpending], Coroutine[Any, Any, T]]) -> T:
    """Run a test in an event loop of its own."""

    async def run() -> T:
        link, own = RedisLink(url), SqliteSpending(path / "spending.db")
        try:
            return await play(SharedSpending(link, own))
        finally:
            await link.aclose()
            own.close()

    return asyncio.run(run())


def test_a_fleet_reserves_no_more_than_the_limit(redis_url: str, tmp_path: Path) -> None:
    async def play() -> list[bool]:
        links = [RedisLink(redis_url) for _ in range(5)]
        own = SqliteSpending(tmp_path / "spending.db")
        counts = [SharedSpending(link, own) for link in links]
        calls = [counts[at % 5].reserve("fast", TODAY, CENT, 20 * CENT) for at in range(50)]
        outcomes = await asyncio.gather(*calls)
        for link in links:
            await link.aclose()
        own.close()
        return outcomes

    assert asyncio.run(play()).count(True) == 20


def test_the_cost_of_a_call_replaces_its_reservation(redis_url: str, tmp_path: Path) -> None:
    async def play(count: SharedSpending) -> list[Decimal]:
        await count.reserve("fast", TODAY, 5 * CENT, Decimal(1))
        seen = [await count.spent("fast", TODAY)]
        await count.settle("fast", TODAY, 5 * CENT, Decimal("0.0123456789"))
        seen.append(await count.spent("fast", TODAY))
        await count.settle("fast", TODAY, 5 * CENT, Decimal(0))
        return [*seen, await count.spent("fast", TODAY)]

    assert with_count(redis_url, tmp_path, play) == [5 * CENT, Decimal("0.012345679"), 0]


def test_each_key_and_each_day_is_counted_by_itself(redis_url: str, tmp_path: Path) -> None:
    async def play(count: SharedSpending) -> list[Decimal]:
        await count.reserve("fast", TODAY, CENT, CENT)
        return [
            await count.spent("fast", TODAY),
            await count.spent("deep", TODAY),
            await count.spent("fast", TODAY + timedelta(1)),
        ]

    assert with_count(redis_url, tmp_path, play) == [CENT, 0, 0]


def test_large_amounts_are_counted_to_the_last_billionth(redis_url: str, tmp_path: Path) -> None:
    large = Decimal("1234567.123456789")

    async def play(count: SharedSpending) -> Decimal:
        await count.reserve("fast", TODAY, large, Decimal(2_000_000))
        await count.reserve("fast", TODAY, Decimal("0.000000001"), Decimal(2_000_000))
        return await count.spent("fast", TODAY)

    assert with_count(redis_url, tmp_path, play) == large + Decimal("0.000000001")


def test_the_count_of_a_day_is_forgotten_after_some_days(
    redis_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    with_count(redis_url, tmp_path, lambda count: count.reserve("fast", TODAY, CENT, CENT))

    left = int(redis_server.ask(f"TTL {PREFIX}{TODAY}:fast").strip(b":\r\n"))
    assert 2 * 86400 < left <= 3 * 86400


def test_without_a_server_the_machine_counts_and_reports_later(
    redis_server: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(redis_connection, "PAUSE_SECONDS", 0.05)
    server = RedisServer(tmp_path)  # a separate server, which no other test uses

    async def play(count: SharedSpending) -> list[Any]:
        kept = [await count.reserve("fast", TODAY, 2 * CENT, 5 * CENT) for _ in range(3)]
        await count.settle("fast", TODAY, 2 * CENT, CENT)
        here = await count.spent("fast", TODAY)
        server.start()
        await asyncio.sleep(0.1)
        await count.settle("fast", TODAY, 2 * CENT, CENT)
        return [kept, here, await count.spent("fast", TODAY)]

    try:
        result = with_count(server.url, tmp_path, play)
    finally:
        server.stop()

    assert result == [[True, True, False], 3 * CENT, CENT]
    assert [record.levelno for record in caplog.records if record.levelno > logging.INFO] == [30]
