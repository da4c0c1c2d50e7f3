"""Circuit breakers shared by a fleet, in Redis or Valkey.

They follow the rules of `routing.circuits`, by the server's clock. If the server can't be used,
each process uses its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from llmring.exceptions import ProviderError
from llmring.limits.redis_connection import LuaScript, RedisLink
from llmring.routing import circuits
from llmring.routing.circuits import Circuit, CircuitState, LocalCircuits, OpenCircuit, Severity
from llmring.routing.targets import Target

T = TypeVar("T")

# The braces keep all keys on one node of a cluster.
PREFIX = "{llmring}:circuit:"
INDEX = "{llmring}:circuits"

KEEP_SECONDS = 3600

_REASON = 500

# Longer than any circuit stays open, with its jitter; not a number is refused, too.
_MOST_SECONDS = 2 * max(circuits.MOST_RETRY_AFTER_SECONDS, circuits.MOST_COOL_SECONDS)

_CLOCK = """
local a = cjson.decode(ARGV[1])
local now = a.now
if now == nil or now == cjson.null then
  local t = redis.call('TIME')
  now = t[1] + t[2] / 1000000
end
local function text(seconds) return string.format('%.3f', seconds) end
"""

# For each key: the seconds until it closes ("" for no circuit), and the reason.
_BLOCKED = LuaScript(
    _CLOCK
    + """
local found, another = {}, false
for i, key in ipairs(KEYS) do
  local c = redis.call('HMGET', key, 'until', 'probing', 'reason')
  local left, reason = '', ''
  local open = 0
  if c[1] then
    open = math.max(tonumber(c[1]), tonumber(c[2])) - now
    left, reason = text(math.max(open, 0)), c[3]
  end
  if open <= 0 then
    if c[1] and tonumber(c[1]) > 0 and not another then
      redis.call('HSET', key, 'probing', text(now + a.probe))
    end
    another = true
  end
  found[2 * i - 1], found[2 * i] = left, reason
end
return found
"""
)

_ANSWERED = LuaScript(
    _CLOCK
    + """
local key = KEYS[1]
local c = redis.call('HMGET', key, 'until', 'fixed', 'since', 'failed', 'answered')
if not c[1] then return 0 end
local till, since, failed, answered = tonumber(c[1]), tonumber(c[3]), tonumber(c[4]), tonumber(c[5])
if now - since > a.window then since, failed, answered = now, 0, 0 end
answered = answered + 1
if c[2] == '1' and till > now then
  redis.call('HSET', key, 'since', text(since), 'failed', failed, 'answered', answered)
  return 1
end
if till > 0 then since, failed, answered = now, 0, 1 end
if failed == 0 then
  redis.call('DEL', key)
  redis.call('SREM', KEYS[2], key)
  return 1
end
redis.call('HSET', key, 'since', text(since), 'failed', failed, 'answered', answered,
  'row', 0, 'opened', 0, 'until', 0, 'probing', 0)
return 1
"""
)

_FAILED = LuaScript(
    _CLOCK
    + """
local key = KEYS[1]
local c = redis.call('HMGET', key,
  'row', 'failed', 'answered', 'since', 'until', 'opened', 'probing', 'fixed')
if a.none then
  if c[1] then redis.call('HSET', key, 'probing', 0) end
  return 1
end
local function field(i, default) return tonumber(c[i] or default) end
local row, failed, answered, since = field(1, 0), field(2, 0), field(3, 0), field(4, now)
local till, opened, probing, fixed = field(5, 0), field(6, 0), field(7, 0), field(8, 0)
if now - since > a.window then since, failed, answered = now, 0, 0 end
row, failed = row + 1, failed + 1
local seconds = a.alone
if seconds == 0 and till <= now then
  local tried = failed + answered
  local often = tried >= a.many and failed * 2 > tried
  if row >= a.in_a_row or often or opened > 0 then
    seconds = math.max(math.min(a.cool * 2 ^ math.min(opened, 10), a.most_cool), a.asked)
  end
end
local new = now + seconds * a.jitter
if seconds > 0 and new > till then
  if till <= now then opened = opened + 1 end
  fixed = a.rate and 1 or 0
  till, probing = new, 0
end
redis.call('HSET', key, 'row', row, 'failed', failed, 'answered', answered, 'since', text(since),
  'until', till > 0 and text(till) or 0, 'opened', opened, 'probing', text(probing), 'fixed', fixed,
  'reason', a.reason, 'model', a.model, 'address', a.address)
redis.call('EXPIRE', key, a.keep + math.ceil(math.max(till - now, 0)))
redis.call('SADD', KEYS[2], key)
return 1
"""
)

# The time; then for each circuit: model, address, failures, when it closes, the reason.
_SNAPSHOT = LuaScript(
    _CLOCK
    + """
local found = {text(now)}
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local c = redis.call('HMGET', key, 'model', 'address', 'row', 'until', 'reason')
  if c[1] then
    for i = 1, 5 do found[#found + 1] = c[i] end
  else
    redis.call('SREM', KEYS[1], key)
  end
end
return found
"""
)


class SharedCircuits:
    """Circuits in Redis; see `Circuits`.

    Args:
        link: The server.
        local: The circuits of this process, used if the server can't be.
        chance: Returns a number from 0 up to 1, for the jitter.
        clock: Returns the time in seconds; by default the server's.
    """

    # Other processes may have seen some.
    has_failures = True

    def __init__(
        self,
        link: RedisLink,
        local: LocalCircuits,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.link = link
        self._local = local
        self._chance = chance
        self._clock = clock
        # Models with a circuit: only their successes need to be reported.
        self._ailing: set[str] = set()

    async def blocked(self, targets: Sequence[Target]) -> dict[str, OpenCircuit]:
        """Return those of these models whose circuits are open; see `Circuits`."""
        keys = [PREFIX + circuits.circuit_key(target) for target in targets]
        if not keys:
            return {}
        read = partial(_read_blocked, count=len(keys))
        answer = await self._run(_BLOCKED, keys, read, probe=circuits.PROBE_SECONDS)
        if answer is None:
            return await self._local.blocked(targets)
        found = {}
        for target, key, circuit in zip(targets, keys, answer, strict=True):
            if circuit is None:
                self._ailing.discard(key)
                continue
            self._ailing.add(key)
            if circuit.seconds > 0:
                found[str(target.ref)] = circuit
        return found

    async def answered(self, target: Target) -> None:
        """Record a success, which closes the circuit."""
        await self._local.answered(target)
        if not self._ailing:
            return
        key = PREFIX + circuits.circuit_key(target)
        if key in self._ailing:
            await self._run(_ANSWERED, [key, INDEX], _unread, window=circuits.WINDOW_SECONDS)

    async def failed(self, target: Target, error: ProviderError, waited: float) -> None:
        """Record a failure, which may open the circuit."""
        await self._local.failed(target, error, waited)
        level = circuits.severity(error, waited)
        key = PREFIX + circuits.circuit_key(target)
        if level is Severity.NONE and key not in self._ailing:
            return
        self._ailing.add(key)
        await self._run(
            _FAILED,
            [key, INDEX],
            _unread,
            none=level is Severity.NONE,
            rate=level is Severity.RATE,
            alone=circuits.seconds_by_severity(level, error.retry_after),
            asked=min(error.retry_after or 0.0, circuits.MOST_RETRY_AFTER_SECONDS),
            jitter=1 + circuits.JITTER * self._chance(),
            reason=error.message[:_REASON].encode(errors="replace").decode(),
            model=str(target.ref),
            address=target.endpoint.base_url,
            window=circuits.WINDOW_SECONDS,
            many=circuits.MANY,
            in_a_row=circuits.IN_A_ROW,
            cool=circuits.COOL_SECONDS,
            most_cool=circuits.MOST_COOL_SECONDS,
            keep=KEEP_SECONDS,
        )

    async def snapshot(self) -> list[CircuitState]:
        """Return all models that have failed since their last success."""
        answer = await self._run(_SNAPSHOT, [INDEX], _read_snapshot)
        return await self._local.snapshot() if answer is None else answer

    @property
    def place(self) -> str:
        """The server that keeps the circuits."""
        return f"Redis at {self.link.place}"

    async def reachable(self) -> bool:
        """Return True if the server can be used; waits for longer than a call would."""
        return await self.link.reach()

    async def aclose(self) -> None:
        """Close the running event loop's connections."""
        await self.link.aclose()

    async def _run(
        self, script: LuaScript, keys: list[str], read: Callable[[Any], T], **values: object
    ) -> T | None:
        now = None if self._clock is None else self._clock()
        result: T | None = await self.link.run(script, keys, {"now": now, **values}, read)
        return result


def _unread(_: Any) -> bool:
    """Accept any answer, as only its arrival matters."""
    return True


def _read_blocked(answer: Any, count: int) -> list[OpenCircuit | None]:
    """Read the circuits of this many models; None for a model without one.

    Raises:
        ValueError: The answer makes no sense.
    """
    texts = _texts(answer)
    if len(texts) != 2 * count:
        raise ValueError(len(texts))
    return [
        OpenCircuit(_seconds(left), reason) if left else None
        for left, reason in zip(texts[::2], texts[1::2], strict=True)
    ]


def _read_snapshot(answer: Any) -> list[CircuitState]:
    """Read the models that have failed since their last success.

    Raises:
        ValueError: The answer makes no sense.
    """
    time, *fields = _texts(answer)
    now = float(time)
    found = []
    for model, address, row, until, reason in zip(*[iter(fields)] * 5, strict=True):
        _seconds(float(until) - now)
        if int(row):
            circuit = Circuit(
                model=model, address=address, row=int(row), until=float(until), reason=reason
            )
            found.append(circuits.state_of(circuit, now))
    return found


def _texts(answer: Any) -> list[str]:
    if not isinstance(answer, list) or not all(isinstance(each, str) for each in answer):
        raise ValueError(type(answer))
    return answer


def _seconds(left: str | float) -> float:
    """Read the seconds until a circuit closes; no circuit stays open longer than it is kept."""
    seconds = float(left)
    if not seconds <= _MOST_SECONDS:
        raise ValueError(left)
    return seconds
