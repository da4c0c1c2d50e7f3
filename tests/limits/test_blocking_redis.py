"""Scripts in Redis, run by a thread that may block."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from llmring.limits import redis_connection
from llmring.limits.blocking_redis import BlockingRedis
from llmring.limits.counts import StoreError
from llmring.limits.redis_connection import LuaScript
from redis_server import RedisServer

COUNT = LuaScript("return redis.call('INCR', KEYS[1])")


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_script_that_the_server_has_forgotten_is_sent_again(
    redis_url: str, redis_server: RedisServer
) -> None:
    server = BlockingRedis(redis_url)
    first = server.run(COUNT, ["count"], {})
    redis_server.ask("SCRIPT FLUSH")

    assert [first, server.run(COUNT, ["count"], {})] == [1, 2]
    server.close()


def test_a_connection_that_was_closed_in_the_meantime_is_opened_again(
    redis_url: str, redis_server: RedisServer
) -> None:
    server = BlockingRedis(redis_url)
    first = server.run(COUNT, ["count"], {})
    redis_server.ask("CLIENT KILL TYPE normal")

    assert [first, server.run(COUNT, ["count"], {})] == [1, 2]
    server.close()


def test_a_silent_server_takes_no_longer_than_its_time_limit(silent: str) -> None:
    server = BlockingRedis(silent)
    with pytest.raises(StoreError):
        server.run(COUNT, ["count"], {})  # loads the library

    began = time.monotonic()
    with pytest.raises(StoreError):
        server.run(COUNT, ["count"], {})

    assert time.monotonic() - began < 0.5


def test_a_thread_that_others_keep_busy_does_not_take_that_for_a_slow_server(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 0.25)
    ends = threading.Event()

    def work() -> None:
        while not ends.is_set():
            sum(range(10_000))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    server = BlockingRedis(redis_url)
    try:
        found = [server.run(COUNT, ["count"], {}) for _ in range(20)]
    finally:
        ends.set()
        for thread in threads:
            thread.join()
        server.close()

    assert found == list(range(1, 21))
