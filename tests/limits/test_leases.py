"""The leases that a process holds, on plain numbers."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from llmring.limits.count_rules import RateCount, take_budget, take_rates
from llmring.limits.counts import RateGrant
from llmring.limits.leases import (
    IDLE_SECONDS,
    RATE_LEASE_SECONDS,
    BudgetLease,
    BudgetRefusal,
    BudgetTicket,
    Growth,
    RateLease,
    RateTicket,
)

FOREVER = 1e9
AMOUNTS = st.integers(0, 50)
# Seconds that pass, the lease, an amount to reserve, and how much less or more the call costs.
CALLS = st.lists(
    st.tuples(st.sampled_from([0, 0.1, 2]), st.integers(0, 2), AMOUNTS, st.integers(-50, 20)),
    max_size=40,
)


@given(st.integers(0, 500), CALLS)
def test_what_is_counted_is_what_was_spent_once_all_is_given_back(
    limit: int, calls: list[tuple[float, int, int, int]]
) -> None:
    async def story() -> None:
        leases = [BudgetLease("fast", "total") for _ in range(3)]
        counted = spent = overrun = 0
        now = 100.0

        def exchange(at: int, *, ends: bool = False) -> None:
            nonlocal counted
            query = leases[at].query(now, ends=ends)
            if query is not None:
                grant = take_budget(counted, query)
                counted = grant.counted
                leases[at].answer(grant, is_blind=False)

        for pause, at, amount, difference in calls:
            now += pause
            taken = leases[at].take(amount, limit, now)
            if not taken:
                ticket = BudgetTicket(amount)
                leases[at].waiting.append(ticket)
                exchange(at)
                taken = ticket.result is True
            if taken:
                # Only calls that cost more than was estimated go beyond the limit.
                assert amount == 0 or spent + amount <= limit + overrun
                overrun += max(0, difference)
                cost = max(0, amount + difference)
                leases[at].put_back(amount - cost)
                spent += cost
                exchange(at)
        for at in range(3):
            exchange(at, ends=True)
            assert not leases[at].is_live
        assert counted == spent

    asyncio.run(story())


def test_those_who_need_less_than_one_that_is_refused_are_still_served() -> None:
    async def story() -> list[object]:
        lease = BudgetLease("fast", "total")
        lease.limit = 10
        tickets = [BudgetTicket(amount) for amount in (20, 30, 5)]
        lease.waiting.extend(tickets)
        for _ in range(2):
            query = lease.query(0.0)
            assert query is not None
            lease.answer(take_budget(0, query), is_blind=False)
        return [ticket.result for ticket in tickets]

    assert asyncio.run(story()) == [BudgetRefusal(0), BudgetRefusal(0), True]


def test_a_lease_that_is_not_used_is_given_back() -> None:
    lease = BudgetLease("fast", "total")
    lease.take(0, 100, 10.0)
    lease.put_back(30)
    lease._most = 50

    assert lease.query(10.0 + IDLE_SECONDS / 2) is None
    query = lease.query(10.0 + IDLE_SECONDS)

    assert query is not None
    assert (query.change, lease.free) == (-30, 0)


def test_leases_grow_while_they_are_used_up_soon_and_begin_small_after_a_rest() -> None:
    growth = Growth()

    found = [growth.ahead(now) for now in (0.0, 0.1, 0.2, 0.3, 10.0)]

    assert found == [0, 1, 3, 7, 0]
    assert max(growth.ahead(10.0) for _ in range(20)) == 63


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.1, 0.6, 20]), st.integers(0, 1), st.booleans()),
        max_size=120,
    ),
    st.integers(1, 60),
)
def test_no_minute_has_a_twentieth_more_requests_than_allowed(
    calls: list[tuple[float, int, bool]], rpm: int
) -> None:
    async def story() -> list[float]:
        leases, count, now = [RateLease("fast"), RateLease("fast")], RateCount(), 1000.0
        sent = []
        for pause, at, asks_again in calls:
            now += pause
            lease = leases[at]
            if lease.take(1, rpm, None, now) is None:
                lease.waiting.append(RateTicket(1, 0))
            else:
                sent.append(now)
            if asks_again or lease.waiting:
                tickets = list(lease.waiting)
                query = lease.query(now)
                if query is not None:
                    lease.answer(take_rates(count, query, now), now)
                granted = [each.result for each in tickets]
                sent += [now for each in granted if isinstance(each, RateGrant) and each.requests]
        return sent

    sent = asyncio.run(story())

    for start in sent:
        in_window = [at for at in sent if start <= at < start + 60 - RATE_LEASE_SECONDS]
        assert len(in_window) <= rpm


def test_requests_that_were_granted_ahead_lapse_and_are_given_back() -> None:
    async def story() -> list[tuple[int, int, int]]:
        lease, count = RateLease("fast"), RateCount()
        for now in (0.0, 0.1):
            lease.take(2, 1000, 10_000, now)
            lease.waiting.append(RateTicket(2, FOREVER))
            query = lease.query(now)
            assert query is not None
            lease.answer(take_rates(count, query, now), now)
        query = lease.query(0.1 + RATE_LEASE_SECONDS)
        assert query is not None
        return [*query.changes]

    assert asyncio.run(story()) == [(1, -1, -2)]


def test_a_call_that_no_longer_waits_takes_nothing() -> None:
    async def story() -> int:
        lease = BudgetLease("fast", "total")
        lease.limit = 10
        ticket = BudgetTicket(5)
        lease.waiting.append(ticket)
        ticket.give_up()
        query = lease.query(0.0)
        assert query is not None
        lease.answer(take_budget(0, query), is_blind=False)
        return lease.free

    assert asyncio.run(story()) == 5
