"""The choice between a ring's own state and one that a fleet shares."""

import asyncio
import socket
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from circuits import target
from llmring import ConfigurationError
from llmring.config.settings import Settings, read_settings
from llmring.limits import redis_connection
from llmring.limits.backends import circuits_for, spending_for
from llmring.limits.budgets import SqliteSpending
from llmring.limits.redis_budgets import SharedSpending
from llmring.limits.redis_circuits import SharedCircuits
from llmring.routing.circuits import LocalCircuits
from redis_server import RedisServer

DAY = date(2026, 11, 23)


@pytest.fixture
def fleet(tmp_path: Path) -> Settings:
    """Return settings that name a server which is down."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"valkey://me:hunter2@127.0.0.1:{closed.getsockname()[1]}/0"
    return read_settings({"LLMRING_REDIS_URL": url, "XDG_CACHE_HOME": str(tmp_path)})


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    return read_settings({"XDG_CACHE_HOME": str(tmp_path)})


def test_without_a_server_each_ring_has_circuits_of_its_own(alone: Settings) -> None:
    assert isinstance(circuits_for(alone), LocalCircuits)
    assert circuits_for(alone) is not circuits_for(alone)


def test_without_a_server_spending_is_counted_on_this_machine(alone: Settings) -> None:
    assert isinstance(spending_for(alone, circuits_for(alone)), SqliteSpending)


def test_with_a_server_a_fleet_shares_circuits_and_spending(fleet: Settings) -> None:
    health = circuits_for(fleet)

    assert isinstance(health, SharedCircuits)
    assert isinstance(spending_for(fleet, health), SharedSpending)


def test_circuits_and_spending_use_one_connection(
    redis_server: RedisServer, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    settings = read_settings({"LLMRING_REDIS_URL": redis_url, "XDG_CACHE_HOME": str(tmp_path)})

    async def use() -> None:
        health = circuits_for(settings)
        assert await health.blocked([target("openai:a")]) == {}
        assert await spending_for(settings, health).reserve("a", DAY, Decimal(1), Decimal(2))
        await health.aclose()

    before = connections_at(redis_server)
    asyncio.run(use())

    # The second look is a connection too.
    assert connections_at(redis_server) - before == 1 + 1


def connections_at(server: RedisServer) -> int:
    stats = server.ask("INFO stats").decode()
    return int(stats.split("total_connections_received:")[1].split()[0])


def test_the_server_is_named_without_its_password(fleet: Settings) -> None:
    place = str(circuits_for(fleet).place)

    assert place.startswith("Redis at 127.0.0.1:")
    assert "hunter2" not in place


def test_a_server_that_is_down_is_no_error_when_the_ring_is_made(fleet: Settings) -> None:
    assert asyncio.run(circuits_for(fleet).blocked([])) == {}


def test_an_address_that_can_t_be_used_is_an_error_at_once() -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_REDIS_URL can't be used"):
        circuits_for(read_settings({"LLMRING_REDIS_URL": "http://localhost"}))


def test_a_ring_of_one_process_loads_neither_redis_nor_sqlite() -> None:
    code = (
        "import sys\nfrom llmring.config.settings import read_settings\n"
        "from llmring.limits.backends import circuits_for\ncircuits_for(read_settings({}))\n"
        'print([each for each in ("redis", "sqlite3") if each in sys.modules])'
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
