"""Counts of a fleet in Redis: the same as in memory, in one round trip."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmring.limits.counts import (
    BudgetQuery,
    CountBatch,
    RateAsk,
    RateQuery,
    SlotQuery,
    StoreError,
)
from llmring.limits.process_counts import ProcessCounts
from llmring.limits.redis_counts import PREFIX, RedisCounts
from redis_server import RedisServer


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def counts(redis_url: str) -> Iterator[RedisCounts]:
    store = RedisCounts(redis_url, lambda: "here")
    yield store
    store.close()


def spending(amount: int | None, limit: int, serial: int = 1, **more: Any) -> CountBatch:
    query = BudgetQuery(
        key="fast", period="2026-11-23", limit=limit, least=amount, needed=amount or 0, **more
    )
    return CountBatch(process="a", serial=serial, budgets=[query])


WHOLE = st.integers(0, 200)
LIMIT = st.none() | st.integers(1, 300)
RATES = st.builds(
    RateQuery,
    key=st.sampled_from("ab"),
    rpm=LIMIT,
    tpm=LIMIT,
    changes=st.just([]),
    asks=st.lists(
        st.builds(
            RateAsk,
            tokens=WHOLE,
            patience=st.sampled_from([0.0, 30.0, 1e9]),
            more_requests=WHOLE,
            more_tokens=WHOLE,
        ),
        max_size=3,
    ),
)
SLOTS = st.builds(
    SlotQuery,
    key=st.sampled_from("ab"),
    limit=st.integers(1, 5),
    held=st.integers(0, 3),
    wanted=st.integers(0, 5),
)
BUDGETS = st.builds(
    BudgetQuery,
    key=st.sampled_from("ab"),
    period=st.sampled_from(["2026-11-23", "total"]),
    limit=st.integers(0, 10**15),
    change=st.integers(-(10**12), 10**12),
    least=st.none() | st.integers(0, 10**15),
    needed=st.integers(10**15, 2 * 10**15),
    more=st.integers(0, 10**15),
)
VISITS = st.lists(
    st.tuples(
        st.sampled_from([-500, 0, 0.25, 1, 20]),
        st.sampled_from("xyz"),
        st.lists(RATES, max_size=2),
        st.lists(SLOTS, max_size=2),
        st.lists(BUDGETS, max_size=2),
    ),
    max_size=12,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VISITS)
def test_the_script_has_the_same_rules(
    redis_server: RedisServer, redis_url: str, visits: list[Any]
) -> None:
    redis_server.ask("FLUSHALL")
    clock = Clock()
    shared, own = RedisCounts(redis_url, lambda: "here", clock), ProcessCounts(clock)
    for serial, (pause, process, rates, slots, budgets) in enumerate(visits):
        clock.now += pause
        batch = CountBatch(
            process=process, serial=serial, rates=rates, slots=slots, budgets=budgets
        )

        found, expected = shared.exchange(batch), own.exchange(batch)

        assert found.budgets == expected.budgets
        assert found.slots == expected.slots
        assert found.rates == [list(each) for each in expected.rates]
    shared.close()


def test_a_batch_that_comes_again_is_spent_once_with_the_same_answer(counts: RedisCounts) -> None:
    first = counts.exchange(spending(10, 100))
    again = counts.exchange(spending(10, 100))
    later = counts.exchange(spending(10, 100, serial=2))

    assert first.budgets == again.budgets
    assert later.budgets[0].counted == 20


def test_what_an_earlier_version_has_counted_counts(
    counts: RedisCounts, redis_server: RedisServer
) -> None:
    redis_server.ask(f"SET {PREFIX}spent:2026-11-23:fast 95")

    assert counts.exchange(spending(10, 100)).budgets[0].granted is None


def test_large_amounts_are_counted_to_the_last_billionth(counts: RedisCounts) -> None:
    large = 1_234_567_123_456_789

    counts.exchange(spending(large, 2 * large))

    assert counts.exchange(spending(1, 2 * large, serial=2)).budgets[0].counted == large + 1


def test_the_count_of_a_day_is_forgotten_after_some_days(
    counts: RedisCounts, redis_server: RedisServer
) -> None:
    counts.exchange(spending(10, 100))

    left = int(redis_server.ask(f"TTL {PREFIX}spent:2026-11-23:fast").strip(b":\r\n"))
    assert 2 * 86400 < left <= 3 * 86400


def test_the_machines_of_the_fleet_are_counted(counts: RedisCounts, redis_url: str) -> None:
    other = RedisCounts(redis_url, lambda: "elsewhere")

    seen = [each.exchange(spending(None, 0)).machines for each in (counts, other, counts)]

    other.close()
    assert seen == [1, 2, 2]


def test_a_server_that_lost_its_data_says_so(
    counts: RedisCounts, redis_server: RedisServer
) -> None:
    before = counts.exchange(spending(None, 0, serial=1)).epoch
    same = counts.exchange(spending(None, 0, serial=2)).epoch
    redis_server.ask("FLUSHALL")

    assert before == same != counts.exchange(spending(None, 0, serial=3)).epoch


@pytest.mark.parametrize("key", ["rate:fast", "slots:fast", "spent:2026-11-23:fast", "machines"])
def test_a_server_whose_data_makes_no_sense_can_t_be_used(
    counts: RedisCounts, redis_server: RedisServer, key: str
) -> None:
    redis_server.ask(f"SET {PREFIX}{key} nonsense")
    batch = CountBatch(
        process="a",
        serial=1,
        rates=[RateQuery(key="fast", rpm=1, tpm=None, asks=[RateAsk(tokens=1, patience=0)])],
        slots=[SlotQuery(key="fast", limit=1, held=0, wanted=1)],
        budgets=spending(10, 100).budgets,
    )

    with pytest.raises(StoreError):
        counts.exchange(batch)
