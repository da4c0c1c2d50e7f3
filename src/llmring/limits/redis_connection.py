"""Redis or Valkey, used by scripts, with short timeouts.

A server that is down or slow, or whose answers can't be read, is left alone for some seconds; until
then, callers use the state of their own process.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from llmring.bridge.inline import on_loop
from llmring.exceptions import ConfigurationError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    from redis.asyncio import Redis

log = logging.getLogger("llmring")

# How long a call may wait for the server.
BUDGET_SECONDS = 0.05
# How long a server that is down or slow is left alone.
PAUSE_SECONDS = 5.0
# Calls don't wait this long, but an answer may still come in, and a connection be made.
LIMIT_SECONDS = 2.0

_CONNECTIONS = 8
_REASON = 200
_SLICES = 5

_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}


class LuaScript:
    """A script in Lua; it finds its arguments in `KEYS`, and in `ARGV[1]` as JSON.

    It must return a value: None means that the server did not answer.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _unchanged(reply: Any) -> Any:
    """Return an answer as it came."""
    return reply


def usable_address(url: str) -> tuple[str, str]:
    """Return an address as the library takes it, and its host and port.

    Args:
        url: The server's address: redis://, rediss:// (with TLS), valkey:// or valkeys://.

    Raises:
        ConfigurationError: The address is invalid, or the library is not installed.
    """
    from importlib.util import find_spec

    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ConfigurationError(
            "LLMRING_REDIS_URL can't be used; set it to a URL like redis://host:6379/0, "
            "or rediss://user:password@host:6379/0 for TLS"
        )
    if find_spec("redis") is None:
        raise ConfigurationError(
            'LLMRING_REDIS_URL is set, but its library is missing; run pip install "llmring[redis]"'
        )
    place = f"{parts.hostname}:{parts.port or 6379}"
    return parts._replace(scheme=_SCHEMES[parts.scheme]).geturl(), place


class RedisLink:
    """Connections to one server, separate for each event loop and closed with it.

    Args:
        url: The server's address; see `usable_address`.

    Raises:
        ConfigurationError: The address is invalid, or the library is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url, self.place = usable_address(url)
        self._lines: dict[AbstractEventLoop, _HeldConnection] = {}

    async def run(
        self,
        script: LuaScript,
        keys: Sequence[str],
        values: Mapping[str, Any],
        read: Callable[[Any], Any] = _unchanged,
    ) -> Any | None:
        """Return the result of a script; None if the server did not give one in time.

        Args:
            script: The script.
            keys: The keys that it uses.
            values: Its other arguments.
            read: Reads the answer; any exception means that it makes no sense.
        """
        line = await self._line()
        return await line.run(script, (len(keys), *keys, msgspec.json.encode(values)), read)

    async def reach(self) -> bool:
        """Return True if the server answers; waits as long as it takes to be sure."""
        return await (await self._line()).reach()

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        entry = self._forget(asyncio.get_running_loop())
        if entry is not None:
            await entry.keeper.aclose()

    async def _line(self) -> _LoopConnection:
        await on_loop()
        loop = asyncio.get_running_loop()
        entry = self._lines.get(loop)
        if entry is None:
            for known in list(self._lines):
                if known.is_closed():
                    self._forget(known)
            # As in `transport.http_client`: a suspended generator is closed with its loop, or when
            # the last reference to it is gone, and then closes the connections.
            keeper = _keep_line(self._url, self.place)
            line = await anext(keeper)
            entry = self._lines.setdefault(
                loop, _HeldConnection(line, keeper, weakref.finalize(self, _let_go, keeper))
            )
        return entry.line

    def _forget(self, loop: AbstractEventLoop) -> _HeldConnection | None:
        entry = self._lines.pop(loop, None)
        if entry is not None:
            entry.hold.detach()
        return entry


class _LoopConnection:
    """The connections of one event loop, and whether they can be used at the moment."""

    def __init__(self, url: str, place: str) -> None:
        self._url = url
        self._place = place
        self._client: Redis | None = None
        self._opening: Task[None] | None = None
        self._opening_until = 0.0
        self._paused_until = 0.0
        self._answered_at = 0.0
        self._lost = False
        self._waiting: set[Task[Any]] = set()
        self._closed = False

    async def run(
        self, script: LuaScript, given: tuple[Any, ...], read: Callable[[Any], Any]
    ) -> Any | None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._closed or now < self._paused_until:
            return None
        if self._client is None:
            opening = self._begin()
            await asyncio.wait({opening}, timeout=max(0.0, self._opening_until - now))
            if self._client is None:
                return None
        task = loop.create_task(self._ask(self._client, script, given, read))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        # In slices, so that time spent by this process on other things does not count.
        for _ in range(_SLICES):
            done, _ = await asyncio.wait({task}, timeout=BUDGET_SECONDS / _SLICES)
            if done:
                # Cancelled if the ring was closed meanwhile, which must not cancel the call.
                return None if task.cancelled() else task.result()
        is_busy = loop.time() - now > 2 * BUDGET_SECONDS
        if not is_busy and loop.time() - self._answered_at > BUDGET_SECONDS:
            # Otherwise the server does answer, or this process had no time to read its answer.
            self._lose(f"no answer within {BUDGET_SECONDS * 1000:.0f} ms")
        return None

    async def reach(self) -> bool:
        if self._client is None:
            await asyncio.wait({self._begin()})
        return self._client is not None and await self._answers(self._client)

    def _begin(self) -> Task[None]:
        if self._opening is None:
            loop = asyncio.get_running_loop()
            self._opening = loop.create_task(self._open())
            self._opening_until = loop.time() + BUDGET_SECONDS
        return self._opening

    async def _open(self) -> None:
        try:
            # The library takes half a second to load, and this loop serves other calls.
            client = await asyncio.to_thread(_client, self._url)
            if not self._closed and await self._answers(client):
                self._client = client
            else:
                await _end(client)
        except Exception as error:  # noqa: BLE001 -- of an address that the library refuses
            self._lose(_reason(error))
        finally:
            self._opening = None

    async def _answers(self, client: Redis) -> bool:
        return await self._answer(client, _pong, "PING") is not None

    async def _ask(
        self, client: Redis, script: LuaScript, given: tuple[Any, ...], read: Callable[[Any], Any]
    ) -> Any | None:
        from redis.exceptions import NoScriptError

        try:
            return await self._answer(client, read, "EVALSHA", script.sha, *given)
        except NoScriptError:
            pass
        try:
            return await self._answer(client, read, "EVAL", script.text, *given)
        except NoScriptError as error:
            self._lose(_reason(error))
            return None

    async def _answer(self, client: Redis, read: Callable[[Any], Any], *command: Any) -> Any | None:
        from redis.exceptions import NoScriptError, RedisError

        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                reply = await client.execute_command(*command)  # type: ignore[no-untyped-call]
        except NoScriptError:
            raise
        except (RedisError, OSError) as error:
            if isinstance(error, TimeoutError) and self._answered_at > began:
                return None  # the server does answer, and this process is just busy
            self._lose(_reason(error))
            return None
        except Exception as error:  # noqa: BLE001 -- of bytes that the library can't read
            self._lose(f"its answer can't be read: {_reason(error)}")
            return None
        try:
            result = read(reply)
        except Exception:  # noqa: BLE001 -- any means that the answer makes no sense
            self._lose(f"its answer to {command[0]} makes no sense")
            return None
        self._answered_at = asyncio.get_running_loop().time()
        if self._lost and self._paused_until <= self._answered_at:
            self._lost = False
            log.info("Redis at %s can be used again", self._place)
        return result

    def _lose(self, why: str) -> None:
        self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        if not self._lost:
            self._lost = True
            log.warning(
                "can't use Redis at %s (%s); until it is back, each process uses its own state",
                self._place,
                why,
            )

    async def aclose(self) -> None:
        self._closed = True
        tasks = [*self._waiting, *([self._opening] if self._opening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        client, self._client = self._client, None
        if client is not None:
            await _end(client)


def _reason(error: BaseException) -> str:
    """Return an error's message, in one short line."""
    return " ".join(str(error).split())[:_REASON] or type(error).__name__


def _pong(reply: Any) -> bool:
    """Check the answer to PING, which the library may have turned into a bool."""
    if reply is not True and reply != "PONG":
        raise ValueError(reply)
    return True


async def _end(client: Redis) -> None:
    """Close the connections of a client, whatever state its server has left them in."""
    with contextlib.suppress(Exception):
        await client.aclose()


_Keeper = AsyncGenerator[_LoopConnection, None]


class _HeldConnection(Struct, frozen=True):
    line: _LoopConnection
    keeper: _Keeper
    hold: weakref.finalize[[_Keeper], RedisLink]


def _let_go(_: _Keeper) -> None:
    """Drop the last reference to the keeper of a link that is gone."""


async def _keep_line(url: str, place: str) -> _Keeper:
    line = _LoopConnection(url, place)
    try:
        yield line
    finally:
        await line.aclose()


def _client(url: str) -> Redis:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=_CONNECTIONS,
        timeout=LIMIT_SECONDS,
        # One retry, for a connection that the server has closed in the meantime.
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)
