"""Scripts run in Redis, which no call waits for longer than a moment."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from llmring import ConfigurationError
from llmring.limits import redis_connection
from llmring.limits.redis_connection import LuaScript, RedisLink
from redis_server import RedisServer

T = TypeVar("T")

ECHO = LuaScript("return {KEYS[1], ARGV[1]}")
COUNT = LuaScript("return redis.call('INCR', KEYS[1])")
WRONG = LuaScript("return redis.call('NO-SUCH-COMMAND')")


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    """Load the library, so that it does not delay the first call."""
    redis_connection._client("redis://127.0.0.1")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limit, so that a busy machine is not taken for a slow server."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def down() -> str:
    """Return an address without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def using(url: str, play: Callable[[RedisLink], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        link = RedisLink(url)
        try:
            return await play(link)
        finally:
            await link.aclose()

    return asyncio.run(run())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.mark.usefixtures("patient")
def test_a_script_gets_its_keys_and_its_values_as_json(redis_url: str) -> None:
    found = using(redis_url, lambda link: link.run(ECHO, ["a-key"], {"größe": 1}))

    assert found == ["a-key", '{"größe":1}']


@pytest.mark.usefixtures("patient")
def test_a_script_that_the_server_has_forgotten_is_sent_again(
    redis_url: str, redis_server: RedisServer
) -> None:
    async def play(link: RedisLink) -> list[Any]:
        first = await link.run(COUNT, ["count"], {})
        redis_server.ask("SCRIPT FLUSH")
        return [first, await link.run(COUNT, ["count"], {})]

    assert using(redis_url, play) == [1, 2]


@pytest.mark.usefixtures("patient")
def test_scripts_at_once_are_all_run(redis_url: str) -> None:
    async def play(link: RedisLink) -> list[Any]:
        return [*await asyncio.gather(*(link.run(COUNT, ["count"], {}) for _ in range(100)))]

    assert sorted(using(redis_url, play)) == list(range(1, 101))


@pytest.mark.usefixtures("patient")
def test_a_script_that_fails_is_no_answer_and_warned_of(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert using(redis_url, lambda link: link.run(WRONG, [], {})) is None

    [warning] = warnings(caplog)
    assert warning.startswith("can't use Redis at 127.0.0.1:")


def test_a_server_that_is_down_is_left_alone_for_a_while(
    down: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(down.removesuffix("/0").rpartition(":")[2])

    async def play(link: RedisLink) -> list[Any]:
        first = await link.run(COUNT, ["count"], {})
        with socket.create_server(("127.0.0.1", port)) as back:
            back.setblocking(False)
            second = await link.run(COUNT, ["count"], {})
            with pytest.raises(BlockingIOError):
                back.accept()
        return [first, second]

    assert using(down, play) == [None, None]
    assert len(warnings(caplog)) == 1


def test_a_silent_server_costs_a_call_its_time_limit_and_the_next_ones_nothing(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 0.2)
    monkeypatch.setattr(redis_connection, "LIMIT_SECONDS", 0.1)
    monkeypatch.setattr(redis_connection, "PAUSE_SECONDS", 60.0)

    async def play(link: RedisLink) -> float:
        assert await link.run(COUNT, ["count"], {}) is None
        began = time.monotonic()
        for _ in range(50):
            assert await link.run(COUNT, ["count"], {}) is None
        return time.monotonic() - began

    assert using(silent, play) < 50 * 0.2


@pytest.mark.usefixtures("patient")
def test_a_server_that_is_back_is_used_again_after_the_pause_and_that_is_logged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    redis_url: str,
) -> None:
    monkeypatch.setattr(redis_connection, "PAUSE_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    server = RedisServer(tmp_path)  # a separate server, which no other test uses
    server.start()

    async def play(link: RedisLink) -> list[Any]:
        found = [await link.run(COUNT, ["count"], {})]
        server.stop()
        found.append(await link.run(COUNT, ["count"], {}))
        server.start()
        await asyncio.sleep(0.1)
        return [*found, await link.run(COUNT, ["count"], {})]

    try:
        assert using(server.url, play) == [1, None, 1]
    finally:
        server.stop()
    assert f"Redis at 127.0.0.1:{server.port} can be used again" in caplog.text


@pytest.mark.usefixtures("patient")
def test_reach_is_true_only_if_the_server_answers(
    redis_url: str, down: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "LIMIT_SECONDS", 0.2)

    assert using(redis_url, RedisLink.reach)
    assert not using(down, RedisLink.reach)
    assert not using(silent, RedisLink.reach)


@pytest.mark.usefixtures("patient")
def test_one_link_serves_event_loops_one_after_the_other(redis_url: str) -> None:
    link = RedisLink(redis_url)

    async def play() -> Any:
        return await link.run(COUNT, ["count"], {})

    assert [asyncio.run(play()) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://", "redis"])
def test_an_address_of_another_kind_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_REDIS_URL can't be used") as caught:
        RedisLink(f"{url}?password=hunter2" if "//" in url else url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://host", "host:6379"),
        ("rediss://me:hunter2@host:7000/3", "host:7000"),
        ("valkey://host:1", "host:1"),
        ("valkeys://[::1]", "::1:6379"),
    ],
)
def test_a_server_is_named_by_host_and_port_alone(url: str, place: str) -> None:
    assert RedisLink(url).place == place
