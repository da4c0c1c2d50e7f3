"""Spending against daily budgets, counted for a fleet in Redis or Valkey.

If the server can't be used, each machine counts for itself, and reports to the server later what
its calls have cost.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from llmring.limits.budgets import Spending, nanos
from llmring.limits.redis_connection import LuaScript, RedisLink

# The braces keep all keys on one node of a cluster.
PREFIX = "{llmring}:spent:"

# Longer than a day lasts in any time zone.
KEEP_SECONDS = 3 * 86400

_NANO = Decimal("1e-9")

# Amounts are whole nano-USD: a double holds them exactly up to nine million USD.
_RESERVE = LuaScript("""
local a = cjson.decode(ARGV[1])
local spent = tonumber(redis.call('GET', KEYS[1]) or 0)
if spent + a.nanos > a.limit then return 0 end
redis.call('INCRBY', KEYS[1], string.format('%.0f', a.nanos))
redis.call('EXPIRE', KEYS[1], a.keep)
return 1
""")

_SETTLE = LuaScript("""
local a = cjson.decode(ARGV[1])
local spent = redis.call('INCRBY', KEYS[1], string.format('%.0f', a.nanos))
if spent < 0 then redis.call('SET', KEYS[1], 0) end
redis.call('EXPIRE', KEYS[1], a.keep)
return 1
""")

_SPENT = LuaScript("return redis.call('GET', KEYS[1]) or '0'")


class SharedSpending:
    """The fleet's count in Redis; see `Spending`.

    Args:
        link: The server.
        own: The count of this machine, used if the server can't be.
    """

    def __init__(self, link: RedisLink, own: Spending) -> None:
        self._link = link
        self._own = own
        # Amounts reserved in this machine's count, unknown to the server.
        self._own_only: Counter[tuple[str, date, Decimal]] = Counter()

    async def reserve(self, key: str, day: date, usd: Decimal, limit: Decimal) -> bool:
        """Reserve an amount; return False if the day's total would exceed the limit."""
        given = {"nanos": nanos(usd), "limit": nanos(limit), "keep": KEEP_SECONDS}
        done: bool | None = await self._link.run(_RESERVE, [_name(key, day)], given, _is_done)
        if done is not None:
            return done
        reserved = await self._own.reserve(key, day, usd, limit)
        if reserved:
            self._own_only[key, day, usd] += 1
        return reserved

    async def settle(self, key: str, day: date, reserved: Decimal, actual: Decimal) -> None:
        """Replace the reserved amount by what the call has cost."""
        here = (key, day, reserved)
        is_shared = self._own_only[here] <= 0
        if not is_shared:
            self._own_only[here] -= 1
        self._own_only += Counter()  # drops what is settled
        difference = nanos(actual) - nanos(reserved) if is_shared else nanos(actual)
        given = {"nanos": difference, "keep": KEEP_SECONDS}
        answer = await self._link.run(_SETTLE, [_name(key, day)], given, _is_done)
        if not is_shared:
            left = actual if answer is None else Decimal(0)
            await self._own.settle(key, day, reserved, left)

    async def spent(self, key: str, day: date) -> Decimal:
        """Return the USD spent or reserved on a day."""
        answer: int | None = await self._link.run(_SPENT, [_name(key, day)], {}, int)
        if answer is None:
            return await self._own.spent(key, day)
        return answer * _NANO


def _is_done(answer: Any) -> bool:
    """Read a script's 1 or 0.

    Raises:
        ValueError: It is neither.
    """
    if type(answer) is not int or answer not in (0, 1):
        raise ValueError(answer)
    return answer == 1


def _name(key: str, day: date) -> str:
    return f"{PREFIX}{day.isoformat()}:{key}"
