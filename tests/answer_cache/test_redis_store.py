"""Kept answers in a real Redis."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from llmring.answer_cache.cipher import Cipher
from llmring.answer_cache.redis_store import PREFIX, RedisStore
from llmring.exceptions import ConfigurationError
from llmring.limits import redis_connection
from llmring.limits.redis_connection import RedisLink
from redis_server import RedisServer

T = TypeVar("T")
KEY = "k" * 32


def with_store(
    url: str, play: Callable[[RedisStore], Coroutine[Any, Any, T]], key: str | None = None
) -> T:
    async def run() -> T:
        link = RedisLink(url)
        try:
            # The library takes its time to load.
            await link.reach()
            return await play(RedisStore(link, None if key is None else Cipher(key)))
        finally:
            await link.aclose()

    return asyncio.run(run())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limit, so that a busy machine is not taken for a slow server."""
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)


async def kept(store: RedisStore, key: str = "a", data: bytes = b"\xff\x00 answer") -> bytes | None:
    await store.put(key, data, 60)
    return await store.get(key)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_g137_what_is_kept_is_found_by_other_gateways(
    redis_url: str, redis_server: RedisServer, key: str | None
) -> None:
    assert with_store(redis_url, kept, key) == b"\xff\x00 answer"
    assert with_store(redis_url, lambda store: store.get("a"), key) == b"\xff\x00 answer"
    assert with_store(redis_url, lambda store: store.get("b"), key) is None
    seconds = int(redis_server.ask(f"TTL {PREFIX}a")[1:])
    assert 0 < seconds <= 60


@pytest.mark.usefixtures("patient")
def test_g137_the_server_does_not_see_what_is_encrypted(
    redis_url: str, redis_server: RedisServer
) -> None:
    with_store(redis_url, lambda store: kept(store, data=b"a secret"), KEY)

    stored = redis_server.ask(f"GET {PREFIX}a").split(b"\r\n")[1]
    assert b"secret" not in base64.b64decode(stored)
    assert with_store(redis_url, lambda store: store.get("a"), "l" * 32) is None


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("value", ["damaged", "?", "YWJj", '""'])
def test_g137_an_entry_of_someone_else_is_none_of_ours(
    redis_url: str, redis_server: RedisServer, value: str
) -> None:
    redis_server.ask(f"SET {PREFIX}a {value}")

    assert with_store(redis_url, lambda store: store.get("a"), KEY) is None


@pytest.mark.usefixtures("patient")
def test_g137_an_entry_of_another_type_is_none_of_ours(
    redis_url: str, redis_server: RedisServer
) -> None:
    redis_server.ask(f"LPUSH {PREFIX}a x")

    assert with_store(redis_url, lambda store: store.get("a")) is None


@pytest.mark.usefixtures("patient")
def test_g137_an_answer_of_1_mib_is_kept(redis_url: str) -> None:
    data = bytes(range(256)) * 4096

    assert with_store(redis_url, lambda store: kept(store, data=data), KEY) == data


@pytest.mark.usefixtures("patient")
def test_g137_all_kept_answers_are_removed_and_nothing_else(
    redis_url: str, redis_server: RedisServer
) -> None:
    redis_server.ask("SET other 1")

    async def play(store: RedisStore) -> int:
        for at in range(2500):
            await store.put(str(at), b"x", 60)
        return await store.clear()

    assert with_store(redis_url, play) == 2500
    assert redis_server.ask("DBSIZE") == b":1\r\n"


def test_g137_a_server_that_is_gone_is_a_miss_at_once(redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections, and never answers.
        urls = [f"redis://127.0.0.1:{silent.getsockname()[1]}/0", "redis://127.0.0.1:1/0"]

        async def play(url: str) -> tuple[bytes | None, float]:
            link = RedisLink(url)
            store = RedisStore(link, None)
            began = time.perf_counter()
            found = await kept(store)
            took = time.perf_counter() - began
            with pytest.raises(ConfigurationError, match="does not answer"):
                await store.clear()
            await link.aclose()
            return found, took

        # The library is loaded by now, and a busy machine has some more time.
        with_store(redis_url, lambda store: store.get("a"))
        for url in urls:
            found, took = asyncio.run(play(url))
            assert found is None
            assert took < 1
