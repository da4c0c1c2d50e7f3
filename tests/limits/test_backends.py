"""The choice between a ring's own state and one that a fleet shares."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.config.settings import Settings, read_settings
from llmring.limits.backends import circuits_for, leases_for
from llmring.limits.redis_circuits import SharedCircuits
from llmring.routing.circuits import LocalCircuits


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


def test_all_rings_of_a_process_share_its_leases(
    alone: Settings, fleet: Settings, tmp_path: Path
) -> None:
    elsewhere = read_settings({"XDG_CACHE_HOME": str(tmp_path / "other")})

    assert leases_for(alone) is leases_for(alone)
    assert len({leases_for(each) for each in (alone, fleet, elsewhere)}) == 3


def test_with_a_server_a_fleet_shares_circuits(fleet: Settings) -> None:
    assert isinstance(circuits_for(fleet), SharedCircuits)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_leases_of_its_own(alone: Settings) -> None:
    own = leases_for(alone)

    child = os.fork()
    if child == 0:
        os._exit(0 if leases_for(alone) is not own else 1)

    assert os.waitpid(child, 0)[1] == 0


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
