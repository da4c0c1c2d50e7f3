"""Kept answers in Redis or Valkey, for all gateways that share it.

A server that does not answer in time keeps nothing, and has nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from llmring.answer_cache.cipher import Cipher
from llmring.exceptions import ConfigurationError
from llmring.limits.redis_connection import LuaScript, RedisLink

# As all keys of llmring begin.
PREFIX = "{llmring}:answer:"

_GET = LuaScript("return redis.call('GET', KEYS[1]) or ''")

_PUT = LuaScript("""
local a = cjson.decode(ARGV[1])
redis.call('SET', KEYS[1], a.data, 'EX', string.format('%.0f', a.seconds))
return 1
""")

# A part of the keys at a time, so that other calls are answered in between.
_CLEAR = LuaScript("""
local a = cjson.decode(ARGV[1])
local found = redis.call('SCAN', a.cursor, 'MATCH', a.prefix .. '*', 'COUNT', 1000)
for _, key in ipairs(found[2]) do redis.call('UNLINK', key) end
return {found[1], #found[2]}
""")


class RedisStore:
    """Kept answers in Redis or Valkey.

    Args:
        link: The server.
        cipher: Encrypts what is kept; None to keep it as it is.
    """

    def __init__(self, link: RedisLink, cipher: Cipher | None) -> None:
        self._link = link
        self._cipher = cipher

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key; None if nothing is, or it can't be read."""
        found = await self._link.run(_GET, [PREFIX + key], {})
        if not found or not isinstance(found, str):
            return None
        try:
            data = base64.b64decode(found, validate=True)
        except (binascii.Error, ValueError):
            return None
        return data if self._cipher is None else self._cipher.decrypted(key, data)

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep something for some time."""
        if self._cipher is not None:
            data = self._cipher.encrypted(key, data)
        given = {"data": base64.b64encode(data).decode(), "seconds": max(1.0, seconds)}
        await self._link.run(_PUT, [PREFIX + key], given)

    async def clear(self) -> int:
        """Remove all kept answers, of all gateways; return their number.

        Raises:
            ConfigurationError: The server does not answer.
        """
        cursor, count = "0", 0
        if not await self._link.reach():
            raise _silent(self._link)
        while True:
            given = {"cursor": cursor, "prefix": PREFIX}
            found: tuple[str, int] | None = await self._link.run(_CLEAR, [], given, _as_step)
            if found is None:
                raise _silent(self._link)
            cursor, removed = found
            count += removed
            if cursor == "0":
                return count


def _as_step(reply: Any) -> tuple[str, int]:
    cursor, removed = reply
    return str(cursor), int(removed)


def _silent(link: RedisLink) -> ConfigurationError:
    return ConfigurationError(
        f"Redis at {link.place} does not answer; see to it, or to LLMRING_REDIS_URL, and try again"
    )
