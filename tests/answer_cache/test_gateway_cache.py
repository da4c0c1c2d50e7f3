"""The kept answers of a gateway, wherever they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from llmring.answer_cache.gateway_cache import AnswerCache, clear_answers, open_cache, seconds_of
from llmring.answer_cache.kept_answer import KeptAnswer
from llmring.answer_cache.memory_store import MemoryStore
from llmring.chat.events import TextDelta
from llmring.client.replies.event_chunk import EventChunk
from llmring.config.settings import read_settings
from llmring.exceptions import ConfigurationError
from llmring.limits import redis_connection

MEMORY = 2**20


class Time:
    """A time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def answer(at: float) -> KeptAnswer:
    return KeptAnswer(at=at, model="a:b", api="openai_chat", events=(TextDelta("Hi"),))


@pytest.mark.parametrize(
    ("time", "seconds"), [("1h", 3600), ("30m", 1800), ("2d", 172_800), ("1w", 604_800)]
)
def test_the_time_of_a_lockfile_is_read(time: str, seconds: float) -> None:
    assert seconds_of(time) == seconds


def test_g133_an_answer_is_kept_for_its_time() -> None:
    time = Time()
    cache = AnswerCache(MemoryStore(MEMORY, time, lambda: None), time)

    async def play() -> list[KeptAnswer | None]:
        await cache.put("a", answer(time.now), 60)
        found = [await cache.get("a", 60), await cache.get("b", 60)]
        time.now += 30
        # A lockfile that has been changed since may allow less.
        return [*found, await cache.get("a", 60), await cache.get("a", 20)]

    assert asyncio.run(play()) == [answer(1000), None, answer(1000), None]


def test_g136_a_call_is_found_by_its_key_until_it_is_over() -> None:
    async def play() -> None:
        cache = AnswerCache(MemoryStore(MEMORY, Time(), lambda: None), Time())
        gate = asyncio.Event()

        async def items() -> AsyncGenerator[EventChunk, None]:
            yield EventChunk(model="a:b")
            await gate.wait()

        async def keep(_: Sequence[EventChunk]) -> None:
            assert cache.flight("a") is flight

        flight = cache.begin("a", items(), keep)
        reading = asyncio.create_task(anext(flight.read()))
        assert cache.flight("a") is flight
        assert cache.flight("b") is None
        await reading
        gate.set()
        _ = [each async for each in flight.read()]
        await asyncio.sleep(0.01)
        assert cache.flight("a") is None

    asyncio.run(play())


def test_g137_clearing_empties_the_memory_of_all_gateways_of_the_machine(tmp_path: Path) -> None:
    settings = read_settings({"HOME": str(tmp_path)})
    caches = [open_cache(settings, MEMORY) for _ in range(2)]

    async def play() -> tuple[list[bool], int | None, list[bool]]:
        for cache in caches:
            await cache.put("a", answer(cache.now()), 60)
        before = [await cache.get("a", 60) is not None for cache in caches]
        count = await clear_answers(settings)
        return before, count, [await cache.get("a", 60) is not None for cache in caches]

    assert asyncio.run(play()) == ([True, True], None, [False, False])


def test_g137_answers_are_in_redis_if_there_is_one(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    variables = {"HOME": str(tmp_path), "LLMRING_REDIS_URL": redis_url}
    settings = read_settings({**variables, "LLMRING_CACHE_KEY": "k" * 32})

    async def play() -> tuple[bool, int | None, bool]:
        cache, other = (open_cache(settings, MEMORY) for _ in range(2))
        await cache.put("a", answer(cache.now()), 60)
        found = await other.get("a", 60) is not None
        # Whoever clears does not need the key.
        count = await clear_answers(read_settings(variables))
        return found, count, await cache.get("a", 60) is not None

    assert asyncio.run(play()) == (True, 1, False)


def test_g137_a_key_that_can_not_be_used_is_an_error(tmp_path: Path, redis_url: str) -> None:
    variables = {
        "HOME": str(tmp_path),
        "LLMRING_REDIS_URL": redis_url,
        "LLMRING_CACHE_KEY": "short",
    }

    with pytest.raises(ConfigurationError, match="LLMRING_CACHE_KEY"):
        open_cache(read_settings(variables), MEMORY)
