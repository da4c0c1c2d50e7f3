"""The waits between looks at a vendor."""

import asyncio
from itertools import accumulate, repeat

from llmring.batch.vendors.vendor_clock import SystemClock, next_wait


def test_b41_waits_grow_from_30_seconds_to_10_minutes() -> None:
    waits = list(accumulate(repeat(None, 12), lambda before, _: next_wait(before), initial=None))

    assert waits[1:4] == [30.0, 45.0, 67.5]
    assert waits[-1] == 600.0


def test_the_system_s_clock_moves_by_itself() -> None:
    clock = SystemClock()
    before = clock.now()

    asyncio.run(clock.sleep(0.01))

    assert clock.now() > before
