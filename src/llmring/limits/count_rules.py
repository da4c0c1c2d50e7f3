"""The rules by which counts are leased, on plain numbers.

`redis_counts` has the same rules in Lua.
"""

from __future__ import annotations

import math

from msgspec import Struct, field

from llmring.limits.counts import (
    BUCKET_SECONDS,
    PART_OF_MINUTE,
    PART_OF_REST,
    SLOT_SECONDS,
    WANT_SECONDS,
    WINDOW_SECONDS,
    BudgetGrant,
    BudgetQuery,
    RateAsk,
    RateGrant,
    RateQuery,
    SlotGrant,
    SlotQuery,
)


class RateCount(Struct):
    """The requests and tokens of the last minute, and those that are to be sent later.

    Attributes:
        now: The time of the last change.
        last: The time of the last request that had to wait.
        buckets: The requests and tokens by the end of the quarter second that they count in.
    """

    now: float = 0.0
    last: float = 0.0
    buckets: dict[int, tuple[int, int]] = field(default_factory=dict)


def take_rates(count: RateCount, query: RateQuery, now: float) -> list[RateGrant]:
    """Change a count as a query asks for, and answer it."""
    if now < count.now:  # the clock was set back
        moved = round((now - count.now) / BUCKET_SECONDS)
        count.buckets = {bucket + moved: held for bucket, held in count.buckets.items()}
        count.last += now - count.now
    count.now = now
    for bucket, requests, tokens in query.changes:
        before = count.buckets.get(bucket, (0, 0))
        count.buckets[bucket] = max(0, before[0] + requests), max(0, before[1] + tokens)
    count.buckets = {
        bucket: held
        for bucket, held in sorted(count.buckets.items())
        if bucket * BUCKET_SECONDS + WINDOW_SECONDS > now and held != (0, 0)
    }
    return [_take_rate(count, query, ask, now) for ask in query.asks]


def _take_rate(count: RateCount, query: RateQuery, ask: RateAsk, now: float) -> RateGrant:
    # Not before requests that came earlier.
    at = max(now, count.last)
    requests, tokens = 1, ask.tokens
    for held in count.buckets.values():
        requests += held[0]
        tokens += held[1]
    for bucket, held in sorted(count.buckets.items()):
        end = bucket * BUCKET_SECONDS + WINDOW_SECONDS
        fits = (query.rpm is None or requests <= query.rpm) and (
            query.tpm is None or tokens <= query.tpm
        )
        if fits and end > at:
            break
        at = max(at, end)
        requests -= held[0]
        tokens -= held[1]
    wait = at - now
    if wait > ask.patience:
        return RateGrant(0, wait, 0, 0)
    granted, granted_tokens = 1, ask.tokens
    if wait > 0:
        count.last = at
    else:
        granted += _ahead(ask.more_requests, query.rpm, requests)
        granted_tokens += _ahead(ask.more_tokens, query.tpm, tokens)
    own = math.ceil(at / BUCKET_SECONDS)
    before = count.buckets.get(own, (0, 0))
    count.buckets[own] = before[0] + granted, before[1] + granted_tokens
    return RateGrant(own, wait, granted, granted_tokens)


def _ahead(more: int, limit: int | None, used: int) -> int:
    return more if limit is None else min(more, (limit - used) // PART_OF_MINUTE)


class SlotCount(Struct):
    """The calls in progress.

    Attributes:
        held: The slots of each process, and when they lapse.
        wanted: The slots that each process waits for, since when, and when it last asked.
    """

    held: dict[str, tuple[int, float]] = field(default_factory=dict)
    wanted: dict[str, tuple[int, float, float]] = field(default_factory=dict)


def take_slots(count: SlotCount, query: SlotQuery, process: str, now: float) -> SlotGrant:
    """Change a count as a query asks for, and answer it."""
    # A time that lies too far ahead was written before the clock was set back.
    count.held = {
        each: (held, min(until, now + SLOT_SECONDS))
        for each, (held, until) in count.held.items()
        if until > now and each != process
    }
    own = count.wanted.pop(process, None)
    count.wanted = {
        each: (wanted, min(since, now), min(asked, now))
        for each, (wanted, since, asked) in count.wanted.items()
        if asked + WANT_SECONDS > now
    }
    since = now if own is None or own[2] + WANT_SECONDS <= now else min(own[1], now)
    ahead = sum(
        wanted
        for each, (wanted, from_, _) in count.wanted.items()
        if (from_, each) < (since, process)
    )
    free = query.limit - query.held - sum(held for held, _ in count.held.values())
    granted = max(0, min(query.wanted, free - ahead))
    total = query.held + granted
    yields = any(
        count.held.get(each, (0, 0.0))[0] < total and wanted > max(0, free - granted)
        for each, (wanted, _, _) in count.wanted.items()
    )
    if granted < query.wanted:
        count.wanted[process] = query.wanted - granted, since, now
    if total:
        count.held[process] = total, now + SLOT_SECONDS
    return SlotGrant(granted, yields)


def take_budget(counted: int, query: BudgetQuery) -> BudgetGrant:
    """Answer a query; the answer has the new count.

    Args:
        counted: What is counted as spent.
        query: The query.
    """
    counted = max(0, counted + query.change)
    if query.least is None:
        return BudgetGrant(0, counted)
    rest = query.limit - counted
    if query.least > rest:
        return BudgetGrant(None, counted)
    granted = min(query.needed, rest)
    granted += min(query.more, (rest - granted) // PART_OF_REST)
    return BudgetGrant(granted, counted + granted)
