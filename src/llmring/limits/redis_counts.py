"""Counts that several machines share, in Redis or Valkey.

A batch is one script in one round trip. The rules are those of `count_rules`, by the server's
clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from llmring.limits.blocking_redis import BlockingRedis
from llmring.limits.counts import (
    BUCKET_SECONDS,
    PART_OF_MINUTE,
    PART_OF_REST,
    SLOT_SECONDS,
    WANT_SECONDS,
    WINDOW_SECONDS,
    BudgetGrant,
    CountBatch,
    Grants,
    RateGrant,
    SlotGrant,
    StoreError,
)
from llmring.limits.redis_connection import LuaScript

# The braces keep all keys on one node of a cluster.
PREFIX = "{llmring}:"

# A machine counts as one of the fleet for so long after its last batch.
MACHINE_SECONDS = 600
# An answer is kept for so long, in case it did not arrive.
_ANSWER_SECONDS = 3600
# Longer than a period lasts in any time zone.
KEEP_SECONDS = {"day": 3 * 86400, "week": 9 * 86400, "month": 33 * 86400}

# Amounts are whole nano-USD: a double holds them exactly up to nine million USD. Numbers of more
# than 14 digits leave as texts, as cjson would round them.
_EXCHANGE = LuaScript("""
local a = cjson.decode(ARGV[1])
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
if a.now ~= cjson.null then now = a.now end
local function text(n) return string.format('%.6f', n) end
local function given(n) if n == nil or n == cjson.null then return nil end return n end
local function state(key)
  local kept = redis.call('GET', key)
  if kept then return cjson.decode(kept) end
end

redis.call('ZADD', KEYS[1], now, a.machine)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - a.machine_seconds)
redis.call('EXPIRE', KEYS[1], a.machine_seconds)
redis.call('SET', KEYS[2], a.process .. ':' .. a.serial, 'NX')
local answer = {redis.call('GET', KEYS[2]), redis.call('ZCARD', KEYS[1]), {}, {}, {}}

local at_key = 3
for i, q in ipairs(a.rates) do
  at_key = at_key + 1
  local key = KEYS[at_key]
  local c = state(key) or {now = now, last = 0, buckets = {}}
  local rpm, tpm = given(q.rpm), given(q.tpm)
  if now < c.now then
    local moved, buckets = math.floor((now - c.now) / a.bucket + 0.5), {}
    for b, held in pairs(c.buckets) do
      buckets[string.format('%.0f', tonumber(b) + moved)] = held
    end
    c.buckets, c.last = buckets, c.last + now - c.now
  end
  c.now = now
  for _, change in ipairs(q.changes) do
    local b = string.format('%.0f', change[1])
    local held = c.buckets[b] or {0, 0}
    c.buckets[b] = {math.max(0, held[1] + change[2]), math.max(0, held[2] + change[3])}
  end
  local order = {}
  for b, held in pairs(c.buckets) do
    local n = tonumber(b)
    if n * a.bucket + a.window > now and (held[1] ~= 0 or held[2] ~= 0) then
      order[#order + 1] = n
    else
      c.buckets[b] = nil
    end
  end
  table.sort(order)
  local grants = {}
  for j, ask in ipairs(q.asks) do
    local at, requests, tokens = math.max(now, c.last), 1, ask.tokens
    for _, held in pairs(c.buckets) do
      requests, tokens = requests + held[1], tokens + held[2]
    end
    for _, b in ipairs(order) do
      local till = b * a.bucket + a.window
      local fits = (not rpm or requests <= rpm) and (not tpm or tokens <= tpm)
      if fits and till > at then break end
      at = math.max(at, till)
      local held = c.buckets[string.format('%.0f', b)]
      requests, tokens = requests - held[1], tokens - held[2]
    end
    local wait = at - now
    if wait > ask.patience then
      grants[j] = {'0', text(wait), '0', '0'}
    else
      local more, more_tokens = 0, 0
      if wait > 0 then
        c.last = at
      else
        more, more_tokens = ask.more_requests, ask.more_tokens
        if rpm then more = math.min(more, math.floor((rpm - requests) / a.part_of_minute)) end
        if tpm then
          more_tokens = math.min(more_tokens, math.floor((tpm - tokens) / a.part_of_minute))
        end
      end
      local n, whole = math.ceil(at / a.bucket), ask.tokens + more_tokens
      local b = string.format('%.0f', n)
      local held = c.buckets[b]
      if not held then
        held = {0, 0}
        order[#order + 1] = n
        table.sort(order)
      end
      c.buckets[b] = {held[1] + 1 + more, held[2] + whole}
      grants[j] = {b, text(wait), string.format('%.0f', 1 + more), string.format('%.0f', whole)}
    end
  end
  local last = order[#order]
  if last then
    local keep = math.ceil(last * a.bucket + a.window - now) + 1
    redis.call('SET', key, cjson.encode(c), 'EX', keep)
  else
    redis.call('DEL', key)
  end
  answer[3][i] = grants
end

for i, q in ipairs(a.slots) do
  at_key = at_key + 1
  local key = KEYS[at_key]
  local c = state(key) or {held = {}, wanted = {}}
  local free = q.limit - q.held
  for each, held in pairs(c.held) do
    if each == a.process or held[2] <= now then
      c.held[each] = nil
    else
      held[2] = math.min(held[2], now + a.slot_seconds)
      free = free - held[1]
    end
  end
  local own = c.wanted[a.process]
  c.wanted[a.process] = nil
  local since = now
  if own and own[3] + a.want_seconds > now then since = math.min(own[2], now) end
  local ahead = 0
  for each, want in pairs(c.wanted) do
    if want[3] + a.want_seconds <= now then
      c.wanted[each] = nil
    else
      want[2], want[3] = math.min(want[2], now), math.min(want[3], now)
      if want[2] < since or (want[2] == since and each < a.process) then
        ahead = ahead + want[1]
      end
    end
  end
  local granted = math.max(0, math.min(q.wanted, free - ahead))
  local total, yields = q.held + granted, 0
  for each, want in pairs(c.wanted) do
    local theirs = c.held[each]
    if (theirs and theirs[1] or 0) < total and want[1] > math.max(0, free - granted) then
      yields = 1
    end
  end
  if granted < q.wanted then c.wanted[a.process] = {q.wanted - granted, since, now} end
  if total > 0 then c.held[a.process] = {total, now + a.slot_seconds} end
  if next(c.held) or next(c.wanted) then
    redis.call('SET', key, cjson.encode(c), 'EX', math.ceil(a.slot_seconds))
  else
    redis.call('DEL', key)
  end
  answer[4][i] = {granted, yields}
end

if #a.budgets > 0 then
  local before = state(KEYS[3])
  if before and before.serial == a.serial then
    answer[5] = before.budgets
    return answer
  end
  for i, q in ipairs(a.budgets) do
    at_key = at_key + 1
    local key = KEYS[at_key]
    local old = tonumber(redis.call('GET', key) or 0)
    local counted, granted = math.max(0, old + q.change), 0
    if given(q.least) then
      local rest = q.limit - counted
      if q.least > rest then
        granted = nil
      else
        granted = math.min(q.needed, rest)
        granted = granted + math.min(q.more, math.floor((rest - granted) / a.part_of_rest))
        counted = counted + granted
      end
    end
    if counted ~= old then
      redis.call('SET', key, string.format('%.0f', counted))
      if q.keep > 0 then redis.call('EXPIRE', key, q.keep) end
    end
    answer[5][i] = {granted and string.format('%.0f', granted) or '',
      string.format('%.0f', counted)}
  end
  redis.call('SET', KEYS[3], cjson.encode({serial = a.serial, budgets = answer[5]}), 'EX',
    a.answer_seconds)
end
return answer
""")

_SETTINGS = {
    "machine_seconds": MACHINE_SECONDS,
    "answer_seconds": _ANSWER_SECONDS,
    "bucket": BUCKET_SECONDS,
    "window": WINDOW_SECONDS,
    "part_of_minute": PART_OF_MINUTE,
    "part_of_rest": PART_OF_REST,
    "slot_seconds": SLOT_SECONDS,
    "want_seconds": WANT_SECONDS,
}


class RedisCounts:
    """Counts in Redis; see `CountStore`.

    Args:
        url: The server's address.
        machine: Returns the ID of this machine.
        clock: Returns the time in seconds; by default the server's.

    Raises:
        ConfigurationError: The address is invalid, or the library is not installed.
    """

    def __init__(
        self,
        url: str,
        machine: Callable[[], str],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._server = BlockingRedis(url)
        self._machine = machine
        self._machine_id = ""
        self._clock = clock

    @property
    def place(self) -> str:
        """The server's host and port."""
        return self._server.place

    def exchange(self, batch: CountBatch) -> Grants:
        """Answer a batch.

        Raises:
            StoreError: The server did not answer in time, or its answer makes no sense.
        """
        self._machine_id = self._machine_id or self._machine()
        budgets = [
            {**msgspec.to_builtins(each), "keep": _keep_seconds(each.period)}
            for each in batch.budgets
        ]
        values = {
            **msgspec.to_builtins(batch),
            **_SETTINGS,
            "budgets": budgets,
            "machine": self._machine_id,
            "now": None if self._clock is None else self._clock(),
        }
        keys = [
            f"{PREFIX}machines",
            f"{PREFIX}epoch",
            f"{PREFIX}answered:{batch.process}",
            *(f"{PREFIX}rate:{each.key}" for each in batch.rates),
            *(f"{PREFIX}slots:{each.key}" for each in batch.slots),
            *(f"{PREFIX}spent:{each.period}:{each.key}" for each in batch.budgets),
        ]
        answer = self._server.run(_EXCHANGE, keys, values)
        try:
            return _read(answer, batch)
        except Exception:  # noqa: BLE001 -- any means that the answer makes no sense
            raise StoreError("its answer makes no sense") from None

    def close(self) -> None:
        """Close the connection; it is opened again on demand."""
        self._server.close()


def _keep_seconds(period: str) -> int:
    """Return how long the count of a period is kept; 0 for as long as the server keeps it."""
    if period == "total":
        return 0
    if period.startswith("week"):
        return KEEP_SECONDS["week"]
    return KEEP_SECONDS["month" if len(period) == len("2026-11") else "day"]


def _read(answer: Any, batch: CountBatch) -> Grants:
    """Read the answer of the script.

    Raises:
        ValueError: It makes no sense.
    """
    epoch, machines, rates, slots, budgets = answer
    if not isinstance(epoch, str) or type(machines) is not int or machines < 1:
        raise ValueError(answer)
    found = Grants(
        rates=[[_rate_grant(*each) for each in grants] for grants in rates],
        slots=[_slot_grant(*each) for each in slots],
        budgets=[_budget_grant(*each) for each in budgets],
        machines=machines,
        epoch=epoch,
    )
    expected = [len(each.asks) for each in batch.rates], len(batch.slots), len(batch.budgets)
    if ([len(each) for each in found.rates], len(found.slots), len(found.budgets)) != expected:
        raise ValueError(answer)
    return found


def _rate_grant(bucket: str, wait: str, requests: str, tokens: str) -> RateGrant:
    seconds = float(wait)
    if not seconds >= 0:
        raise ValueError(wait)
    return RateGrant(int(bucket), seconds, _whole(requests), _whole(tokens))


def _slot_grant(granted: int, yields: int) -> SlotGrant:
    return SlotGrant(_whole(granted), yields == 1)


def _budget_grant(granted: str, counted: str) -> BudgetGrant:
    return BudgetGrant(None if granted == "" else _whole(granted), _whole(counted))


def _whole(number: int | str) -> int:
    whole = int(number)
    if whole < 0:
        raise ValueError(number)
    return whole
