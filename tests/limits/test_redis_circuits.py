"""Circuits in Redis: the same rules as in memory, for a fleet, without delaying calls."""

import asyncio
import logging
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circuits import ALL_FAULTS, Clock, target
from llmring.config.settings import read_settings
from llmring.exceptions import (
    ConfigurationError,
    ProviderError,
    ProviderRequestError,
    ProviderResponseError,
)
from llmring.limits import redis_connection
from llmring.limits.backends import circuits_for
from llmring.limits.redis_circuits import KEEP_SECONDS, SharedCircuits
from llmring.limits.redis_connection import RedisLink
from llmring.routing.circuits import PROBE_SECONDS, Circuits, LocalCircuits, OpenCircuit
from redis_server import RedisServer

T = TypeVar("T")

FIRST, SECOND = TARGETS = target("openai:a"), target("openai:b")
DOWN = ProviderResponseError("it is down", status=503)


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    """Load the library, so that it does not delay the first call."""
    redis_connection._client("redis://127.0.0.1")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limit, so that a busy machine is not taken for a slow server."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


def circuits_at(url: str, clock: Clock | None = None, chance: float = 0.0) -> SharedCircuits:
    memory = LocalCircuits(clock or time.monotonic, lambda: chance)
    return SharedCircuits(RedisLink(url), memory, lambda: chance, clock)


def with_circuits(
    url: str, play: Callable[[SharedCircuits], Coroutine[Any, Any, T]], clock: Clock | None = None
) -> T:
    """Run a test in an event loop of its own, with its own circuits."""

    async def run() -> T:
        shared = circuits_at(url, clock)
        try:
            return await play(shared)
        finally:
            await shared.aclose()

    return asyncio.run(run())


async def fail(shared: Circuits, *errors: ProviderError, at: int = 0) -> None:
    for error in errors:
        await shared.failed(TARGETS[at], error, 60.0)


# --- the same as in memory ---------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["down", "answer", "ask", "refused"]), st.integers(0, 1)),
        st.tuples(st.just("ask"), st.integers(0, 1)),
        st.tuples(st.just("fail"), st.integers(0, 1), st.sampled_from(ALL_FAULTS)),
        st.tuples(st.just("wait"), st.sampled_from([1, 10, 10, 20, 31, 61, 300])),
    ),
    min_size=10,
    max_size=60,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=STEPS)
def test_circuits_in_redis_match_those_in_memory_after_any_events(
    redis_server: RedisServer, story: list[tuple[Any, ...]]
) -> None:
    redis_server.ask("FLUSHALL")
    clock = Clock()
    alone = LocalCircuits(clock, lambda: 0.0)

    async def play(fleet: SharedCircuits) -> None:
        for step in story:
            if step[0] == "wait":
                clock.now += step[1]
            assert await _seen(fleet, *step) == await _seen(alone, *step)

    with_circuits(redis_server.url, play, clock)


async def _seen(shared: Circuits, what: str, number: int, error: ProviderError = DOWN) -> object:
    match what:
        case "ask":
            return await shared.blocked([TARGETS[number], TARGETS[1 - number]])
        case "answer":
            await shared.answered(TARGETS[number])
        case "fail":
            await fail(shared, error, at=number)
        case "refused":
            await fail(shared, ProviderRequestError("bad", status=400), at=number)
        case "down":
            await fail(shared, DOWN, DOWN, DOWN, at=number)
    return sorted(await shared.snapshot(), key=lambda state: state.model)


def test_failures_of_half_the_calls_open_a_circuit_in_redis_too(redis_url: str) -> None:
    async def play(shared: SharedCircuits) -> list[bool]:
        seen = []
        for _ in range(6):
            await fail(shared, DOWN)
            seen.append(bool(await shared.blocked(TARGETS)))
            await shared.answered(FIRST)
        return seen

    assert with_circuits(redis_url, play) == [False] * 5 + [True]


# --- a fleet -----------------------------------------------------------------------------------


def test_a_circuit_opened_by_one_process_is_seen_and_closed_by_another(redis_url: str) -> None:
    async def blocked(shared: SharedCircuits) -> dict[str, OpenCircuit]:
        return await shared.blocked(TARGETS)

    async def answer(shared: SharedCircuits) -> None:
        await shared.blocked(TARGETS)
        await shared.answered(FIRST)

    with_circuits(redis_url, lambda shared: fail(shared, DOWN, DOWN))
    assert with_circuits(redis_url, blocked) == {}
    with_circuits(redis_url, lambda shared: fail(shared, DOWN))

    [circuit] = with_circuits(redis_url, blocked).values()
    assert circuit.reason == "it is down"
    assert 0 < circuit.seconds <= 10
    with_circuits(redis_url, answer)
    assert with_circuits(redis_url, blocked) == {}


def test_of_a_hundred_callers_in_ten_connections_exactly_one_probes(redis_url: str) -> None:
    clock = Clock()
    fleet = [circuits_at(redis_url, clock) for _ in range(10)]

    async def play() -> tuple[int, int]:
        await fail(fleet[0], DOWN, DOWN, DOWN)
        clock.now += 10
        seen = await asyncio.gather(*(fleet[at % 10].blocked([FIRST]) for at in range(100)))
        clock.now += PROBE_SECONDS
        again = await asyncio.gather(*(fleet[at % 10].blocked([FIRST]) for at in range(100)))
        for each in fleet:
            await each.aclose()
        return [*map(bool, seen)].count(False), [*map(bool, again)].count(False)

    assert asyncio.run(play()) == (1, 1)


PROBER = """
import asyncio, random, sys, time
from circuits import target
from llmring.limits import redis_connection as redis_link
from llmring.limits.redis_connection import RedisLink
from llmring.limits.redis_circuits import SharedCircuits
from llmring.routing.circuits import LocalCircuits
redis_link.BUDGET_SECONDS = 5.0
health = SharedCircuits(RedisLink(sys.argv[1]), LocalCircuits(time.monotonic, random.random))
async def main():
    await health.blocked([target("openai:b")])
    print("ready", flush=True)
    sys.stdin.readline()
    print([await health.blocked([target("openai:a")]) for _ in range(20)].count({}))
    await health.aclose()
asyncio.run(main())
"""


def test_of_three_processes_exactly_one_probes(redis_url: str) -> None:
    # By the server's clock, the earlier failures have cooled off.
    with redis.Redis.from_url(redis_url) as server:
        clock = Clock(server.time()[0] - 100)
    asyncio.run(_failed_at(redis_url, clock))
    tests = str(Path(__file__).parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROBER, redis_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": tests},
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    result = [process.communicate("go\n", timeout=20)[0] for process in processes]

    assert sorted(map(int, result)) == [0, 0, 1]


async def _failed_at(url: str, clock: Clock) -> None:
    shared = circuits_at(url, clock)
    await fail(shared, DOWN, DOWN, DOWN)
    await shared.aclose()


def test_a_circuit_is_forgotten_by_the_server_after_a_while(
    redis_url: str, redis_server: RedisServer
) -> None:
    with_circuits(redis_url, lambda shared: fail(shared, DOWN, DOWN, DOWN))

    from llmring.limits.redis_circuits import PREFIX
    from llmring.routing.circuits import circuit_key

    key = PREFIX + circuit_key(FIRST)
    left = int(redis_server.ask(f'TTL "{key}"').strip(b":\r\n"))
    assert KEEP_SECONDS - 60 < left <= KEEP_SECONDS + 20


def test_no_key_and_no_password_is_kept_in_redis(redis_url: str, redis_server: RedisServer) -> None:
    secret = target("openai:a", key="sk-very-secret-0123456789", login="me:hunter2")

    async def play(shared: SharedCircuits) -> None:
        for _ in range(3):
            await shared.failed(secret, DOWN, 60.0)

    with_circuits(redis_url, play)

    result = redis_server.ask("KEYS *")
    assert b"openai:a" in result
    assert b"secret" not in result
    assert b"hunter2" not in result


def test_a_reason_of_any_text_can_be_kept(redis_url: str) -> None:
    odd = ProviderResponseError("\udcff \x00 é 漢 \n" + "x" * 5000, status=503)

    async def play(shared: SharedCircuits) -> str:
        await fail(shared, odd)
        [state] = await shared.snapshot()
        return state.reason

    assert with_circuits(redis_url, play).startswith("? \x00 é 漢 \nxxx")


def test_a_healthy_model_costs_one_query_and_its_success_none(
    redis_url: str, redis_server: RedisServer
) -> None:
    async def play(shared: SharedCircuits) -> None:
        for _ in range(10):
            await shared.blocked(TARGETS)
            await shared.answered(FIRST)

    before = _scripts_run(redis_server)
    with_circuits(redis_url, play)

    assert _scripts_run(redis_server) - before in (10, 11)


def _scripts_run(server: RedisServer) -> int:
    result = server.ask("INFO commandstats").decode()
    counts = [
        int(line.split("calls=")[1].split(",")[0])
        for line in result.splitlines()
        if line.startswith(("cmdstat_evalsha:", "cmdstat_eval:"))
    ]
    return sum(counts)


# --- a server that is down, or slow ------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def nobody() -> str:
    """Return an address without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


async def _three_failures(shared: SharedCircuits) -> list[str]:
    await fail(shared, DOWN, DOWN, DOWN)
    return list(await shared.blocked(TARGETS))


def test_without_a_server_each_process_uses_its_own_circuits_with_one_warning(
    nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert with_circuits(nobody, _three_failures) == ["openai:a"]

    [warning] = warnings_in(caplog)
    assert "can't use Redis" in warning
    assert "127.0.0.1" in warning


def test_a_silent_server_delays_one_call_and_not_every_one(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 0.05)

    async def play(shared: SharedCircuits) -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = await _three_failures(shared)
        for _ in range(100):
            await shared.blocked(TARGETS)
        return found, loop.time() - began

    found, took = with_circuits(silent, play)

    assert found == ["openai:a"]
    assert took < 100 * 0.05


def test_a_process_that_is_busy_does_not_take_that_for_a_slow_server(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(shared: SharedCircuits) -> list[str]:
        await fail(shared, DOWN, DOWN, DOWN)
        monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 0.25)
        await asyncio.gather(*(shared.blocked([SECOND]) for _ in range(4000)))
        monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
        local = LocalCircuits(time.monotonic, lambda: 0.0)
        monkeypatch.setattr(shared, "_local", local)
        return list(await shared.blocked(TARGETS))

    assert with_circuits(redis_url, play) == ["openai:a"]
    assert warnings_in(caplog) == []


def test_a_server_that_goes_and_comes_back_is_used_again(
    redis_server: RedisServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_connection, "PAUSE_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    server = RedisServer(tmp_path)  # a separate server, which no other test uses
    server.start()

    async def play(shared: SharedCircuits) -> None:
        await fail(shared, DOWN)
        server.stop()
        for _ in range(5):
            await fail(shared, DOWN)
        assert list(await shared.blocked(TARGETS)) == ["openai:a"]
        server.start()
        await asyncio.sleep(0.1)
        # The server is empty and counts again.
        assert await shared.blocked(TARGETS) == {}
        await fail(shared, DOWN)
        assert b"openai:a" in server.ask("KEYS *")

    try:
        with_circuits(server.url, play)
    finally:
        server.stop()

    assert len(warnings_in(caplog)) == 1
    assert "can be used again" in caplog.text


def test_a_call_that_is_cancelled_while_it_asks_leaves_the_connection_in_order(
    redis_url: str,
) -> None:
    async def play(shared: SharedCircuits) -> list[dict[str, OpenCircuit]]:
        await fail(shared, DOWN, DOWN, DOWN)
        for _ in range(20):
            call = asyncio.create_task(shared.blocked([SECOND]))
            await asyncio.sleep(random.random() / 1000)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        return [await shared.blocked([at]) for at in (FIRST, SECOND)]

    first, second = with_circuits(redis_url, play)

    assert (list(first), second) == (["openai:a"], {})


def test_each_event_loop_has_connections_of_its_own_which_end_with_it(redis_url: str) -> None:
    shared = circuits_at(redis_url)

    asyncio.run(fail(shared, DOWN, DOWN, DOWN))

    assert list(asyncio.run(shared.blocked(TARGETS))) == ["openai:a"]


def test_no_task_is_left_when_it_is_closed(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 0.01)

    async def play() -> int:
        shared = circuits_at(silent)
        await shared.blocked(TARGETS)
        await shared.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://", "redis"])
def test_an_invalid_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_REDIS_URL"):
        RedisLink(url)


def test_messages_hide_the_password(caplog: pytest.LogCaptureFixture, nobody: str) -> None:
    url = nobody.replace("redis://", "valkey://me:hunter2@")

    with_circuits(url, _three_failures)

    assert warnings_in(caplog)
    assert "hunter2" not in caplog.text


def test_without_a_server_circuits_are_kept_in_memory() -> None:
    assert isinstance(circuits_for(read_settings({})), LocalCircuits)


def test_the_environment_names_the_server(nobody: str) -> None:
    shared = circuits_for(read_settings({"LLMRING_REDIS_URL": nobody}))

    assert shared.place == f"Redis at {nobody.removeprefix('redis://').removesuffix('/0')}"


def test_reachable_is_true_only_if_the_server_answers(redis_url: str, nobody: str) -> None:
    assert with_circuits(redis_url, SharedCircuits.reachable)
    assert not with_circuits(nobody, SharedCircuits.reachable)
