"""A process of a fleet that makes calls: `python fleet_member.py FOLDER REDIS_URL all|budget`.

It waits for a line on its standard input, and writes what it was granted as JSON. With "budget" it
then stays until it is killed.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmring.limits import redis_connection
from llmring.limits.counts import nanos
from llmring.limits.lease_broker import BudgetNeed, LeaseBroker
from llmring.limits.machine_counts import MachineCounts
from llmring.limits.redis_counts import RedisCounts

LIMIT = 200
CALLS = 240
AT_ONCE = 10
CENT = nanos(Decimal("0.01"))


def broker(folder: Path, url: str) -> LeaseBroker:
    own = MachineCounts(folder / "spending.db")
    if not url:
        return LeaseBroker(own)
    return LeaseBroker(own, RedisCounts(url, own.machine), "Redis")


async def requests(leases: LeaseBroker) -> bool:
    found = await leases.request(leases.rate("requests"), LIMIT, None, 1, 0)
    return isinstance(found, int) or found.requests > 0


async def tokens(leases: LeaseBroker) -> bool:
    found = await leases.request(leases.rate("tokens"), None, 100 * LIMIT, 100, 0)
    return isinstance(found, int) or found.requests > 0


async def budget(leases: LeaseBroker) -> bool:
    need = BudgetNeed(leases.budget("budget", "total"), CENT, LIMIT * CENT)
    return await leases.reserve([need]) is None


async def many(one: Callable[[LeaseBroker], Awaitable[bool]], leases: LeaseBroker) -> int:
    """Make calls, some of them at the same time; return how many were granted."""
    granted = 0
    for _ in range(CALLS // 8):
        granted += sum(await asyncio.gather(*(one(leases) for _ in range(8))))
        await asyncio.sleep(0.002)
    # What others hold without using it comes back after a while.
    await asyncio.sleep(1.6)
    return granted + sum([await one(leases) for _ in range(20)])


async def slots(leases: LeaseBroker) -> list[tuple[float, float]]:
    held = leases.slots("slots")
    spans = []

    async def one() -> None:
        assert await held.enter(AT_ONCE, 20)
        began = time.monotonic()
        await asyncio.sleep(0.02)
        spans.append((began, time.monotonic()))
        held.leave()

    await asyncio.gather(*(one() for _ in range(40)))
    return spans


async def all_kinds(leases: LeaseBroker) -> dict[str, Any]:
    found = await asyncio.gather(
        *(many(each, leases) for each in (requests, tokens, budget)), slots(leases)
    )
    return dict(zip(("requests", "tokens", "budget", "slots"), found, strict=True))


async def some_budget(leases: LeaseBroker) -> int:
    return sum([await budget(leases) for _ in range(50)])


def write(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


async def main() -> None:
    # So that a busy machine is not taken for a slow server.
    redis_connection.BUDGET_SECONDS = 5.0
    leases = broker(Path(sys.argv[1]), sys.argv[2])
    # So that no process begins much later than the others.
    await leases.reserve([BudgetNeed(leases.budget("warm", "total"), 1, 10**9)])
    write("ready")
    sys.stdin.readline()
    if sys.argv[3] == "all":
        write(await all_kinds(leases))
        leases.close()
    else:
        write(await some_budget(leases))
        sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(main())
