"""A gateway's kept answers, and the calls in progress that others may share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from llmring.answer_cache.clear_mark import ClearMark
from llmring.answer_cache.flight import Flight
from llmring.answer_cache.kept_answer import KeptAnswer, read, written
from llmring.answer_cache.memory_store import MemoryStore
from llmring.client.replies.event_chunk import EventChunk
from llmring.config.settings import Settings

if TYPE_CHECKING:
    from llmring.answer_cache.redis_store import RedisStore

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class AnswerStore(Protocol):
    """A place where answers are kept."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key; None if nothing is."""

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep something for some time."""


class AnswerCache:
    """The kept answers of a gateway, and its calls in progress.

    Args:
        store: The place of the answers.
        now: Returns the time in seconds since 1970.

    Attributes:
        now: The same.
    """

    def __init__(self, store: AnswerStore, now: Callable[[], float]) -> None:
        self._store = store
        self._flights: dict[object, Flight[EventChunk]] = {}
        self.now = now

    async def get(self, key: str, seconds: float) -> KeptAnswer | None:
        """Return the answer that is kept under a key; None if there is not one.

        Args:
            key: The key.
            seconds: How long answers are kept.
        """
        data = await self._store.get(key)
        answer = None if data is None else read(data)
        return None if answer is None or self.now() - answer.at >= seconds else answer

    async def put(self, key: str, answer: KeptAnswer, seconds: float) -> None:
        """Keep an answer, unless it is too long."""
        data = written(answer)
        if data is not None:
            await self._store.put(key, data, seconds)

    def flight(self, key: object) -> Flight[EventChunk] | None:
        """Return the call in progress with a key, if there is one."""
        return self._flights.get(key)

    def begin(
        self,
        key: object,
        items: AsyncGenerator[EventChunk, None],
        keep: Callable[[Sequence[EventChunk]], Awaitable[None]],
    ) -> Flight[EventChunk]:
        """Begin a call.

        Args:
            key: The key by which others find it.
            items: Its answer.
            keep: As for `Flight`.
        """
        flight: Flight[EventChunk]

        def landed() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight = Flight(items, keep, landed)
        self._flights[key] = flight
        return flight


def seconds_of(time: str) -> float:
    """Return the seconds of a time of the form `gateway_keys.CACHE_TIME`, such as "1h"."""
    return timedelta(**{_UNITS[time[-1]]: int(time[:-1])}).total_seconds()


def open_cache(settings: Settings, memory: int) -> AnswerCache:
    """Return the cache of a gateway: in Redis if there is one, or else in memory.

    Args:
        settings: The settings of the environment.
        memory: The bytes of memory that answers may take.

    Raises:
        ConfigurationError: LLMRING_REDIS_URL or LLMRING_CACHE_KEY can't be used, or its library is
            not installed.
    """

    def now() -> float:
        return settings.clock.time_ns() / 1e9

    if settings.redis_url is not None:
        return AnswerCache(_in_redis(settings.redis_url, settings.cache_key), now)
    return AnswerCache(MemoryStore(memory, now, ClearMark(settings.state_dir).now), now)


async def clear_answers(settings: Settings) -> int | None:
    """Remove all kept answers; return their number, where that is known.

    Args:
        settings: The settings of the environment, which are those of the gateways too.

    Raises:
        ConfigurationError: The answers are in Redis, and it can't be used; or they are in the
            memory of gateways, and these can't be reached.
        OSError: The gateways of this machine can't be reached.
    """
    if settings.redis_url is None:
        ClearMark(settings.state_dir).set()
        return None
    # They are not read, so the key is not needed.
    return await _in_redis(settings.redis_url, None).clear()


def _in_redis(url: str, key: str | None) -> RedisStore:
    from llmring.answer_cache.cipher import Cipher
    from llmring.answer_cache.redis_store import RedisStore
    from llmring.limits.redis_connection import RedisLink

    return RedisStore(RedisLink(url), None if key is None else Cipher(key))
