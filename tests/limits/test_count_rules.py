"""The rules by which counts are leased."""

from hypothesis import given
from hypothesis import strategies as st

from llmring.limits.count_rules import RateCount, SlotCount, take_budget, take_rates, take_slots
from llmring.limits.counts import (
    BUCKET_SECONDS,
    SLOT_SECONDS,
    WANT_SECONDS,
    WINDOW_SECONDS,
    BudgetQuery,
    RateAsk,
    RateGrant,
    RateQuery,
    SlotQuery,
)

FOREVER = 1e9
START = 1000.0


def take(
    count: RateCount,
    now: float,
    *,
    rpm: int | None = None,
    tpm: int | None = None,
    tokens: int = 0,
    patience: float = FOREVER,
    more: int = 0,
) -> RateGrant:
    ask = RateAsk(
        tokens=tokens, patience=patience, more_requests=more, more_tokens=more * max(1, tokens)
    )
    [grant] = take_rates(count, RateQuery(key="a", rpm=rpm, tpm=tpm, asks=[ask]), now)
    return grant


# Pauses in whole seconds, tokens, and requests to grant ahead.
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 40), st.integers(0, 64)), max_size=60
)


@given(ARRIVALS, st.integers(1, 60), st.integers(40, 1200))
def test_no_minute_has_more_requests_or_tokens_than_allowed(
    arrivals: list[tuple[int, int, int]], rpm: int, tpm: int
) -> None:
    count, now = RateCount(), START
    sent: list[tuple[float, int, int]] = []
    for pause, tokens, more in arrivals:
        now += pause
        grant = take(count, now, rpm=rpm, tpm=tpm, tokens=tokens, more=more)
        assert grant.requests >= 1
        assert grant.tokens >= tokens
        sent.append((now + grant.wait, grant.requests, grant.tokens))

    assert [at for at, *_ in sent] == sorted(at for at, *_ in sent)
    for start, *_ in sent:
        window = [each for each in sent if start <= each[0] < start + WINDOW_SECONDS]
        assert sum(requests for _, requests, _ in window) <= rpm
        assert sum(tokens for *_, tokens in window) <= tpm


@given(ARRIVALS, st.integers(1, 6))
def test_no_request_waits_where_the_minute_has_room(
    arrivals: list[tuple[int, int, int]], rpm: int
) -> None:
    count, now = RateCount(), START
    sent: list[float] = []
    for pause, *_ in arrivals:
        now += pause
        wait = take(count, now, rpm=rpm).wait
        # It waits only until the one that is rpm places before it is a minute old.
        assert wait == 0 or sent[-rpm] == now + wait - WINDOW_SECONDS
        sent.append(now + wait)


@given(st.integers(1, 3), st.integers(0, 64))
def test_a_small_limit_is_never_leased_ahead(rpm: int, more: int) -> None:
    assert take(RateCount(), START, rpm=rpm, more=more).requests == 1


def test_a_request_that_can_t_wait_so_long_takes_no_place() -> None:
    count = RateCount()
    take(count, START, rpm=1)

    refused = take(count, START + 20, rpm=1, patience=39)

    assert (refused.requests, refused.wait) == (0, 40)
    assert take(count, START + 20, rpm=1, patience=40).wait == 40


def test_tokens_count_as_they_were_used_in_the_end() -> None:
    count = RateCount()
    bucket = take(count, START, tpm=100, tokens=90).bucket
    used = RateQuery(key="a", rpm=None, tpm=100, changes=[(bucket, 0, -70)])
    take_rates(count, used, START)

    assert take(count, START, tpm=100, tokens=80).wait == 0
    assert take(count, START, tpm=100, tokens=1).wait == 60


def test_a_clock_that_is_set_back_makes_no_one_wait_longer() -> None:
    count = RateCount()
    take(count, START, rpm=1)

    assert take(count, START - 500, rpm=1).wait == WINDOW_SECONDS


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    count = RateCount()
    for second in range(200):
        take(count, START + second)

    assert len(count.buckets) <= WINDOW_SECONDS + 1
    assert min(count.buckets) * BUCKET_SECONDS > START + 200 - WINDOW_SECONDS - 2


def slots(limit: int, held: int, wanted: int) -> SlotQuery:
    return SlotQuery(key="a", limit=limit, held=held, wanted=wanted)


PROCESSES = st.sampled_from("abcd")


@given(
    st.integers(1, 5),
    st.lists(st.tuples(PROCESSES, st.integers(0, 4), st.booleans(), st.integers(0, 2))),
)
def test_no_more_slots_are_held_than_there_are(
    limit: int, visits: list[tuple[str, int, bool, int]]
) -> None:
    count, now, held = SlotCount(), START, dict.fromkeys("abcd", 0)
    for process, wanted, gives_back, pause in visits:
        now += pause
        for other in held:
            # Each process asks often enough that its calls are not taken to be over.
            take_slots(count, slots(limit, held[other], 0), other, now)
        if gives_back and held[process]:
            held[process] -= 1
        held[process] += take_slots(
            count, slots(limit, held[process], wanted), process, now
        ).granted

        assert sum(held.values()) <= limit


def test_the_slots_of_a_killed_process_lapse() -> None:
    count = SlotCount()
    take_slots(count, slots(1, 0, 1), "killed", START)

    assert take_slots(count, slots(1, 0, 1), "a", START + SLOT_SECONDS - 1).granted == 0
    assert take_slots(count, slots(1, 0, 1), "a", START + SLOT_SECONDS).granted == 1


def test_the_process_that_has_waited_longest_is_next_and_others_are_told_to_give_way() -> None:
    count = SlotCount()
    assert take_slots(count, slots(1, 0, 1), "a", START).granted == 1
    assert take_slots(count, slots(1, 0, 1), "b", START + 0.1).granted == 0
    assert take_slots(count, slots(1, 0, 1), "c", START + 0.2).granted == 0

    assert take_slots(count, slots(1, 1, 0), "a", START + 0.3).yields
    assert take_slots(count, slots(1, 0, 1), "a", START + 0.4).granted == 0
    assert take_slots(count, slots(1, 0, 1), "c", START + 0.5).granted == 0
    assert take_slots(count, slots(1, 0, 1), "b", START + 0.6).granted == 1


def test_a_process_that_no_longer_asks_keeps_nobody_waiting() -> None:
    count = SlotCount()
    take_slots(count, slots(1, 0, 1), "a", START)
    take_slots(count, slots(1, 0, 1), "killed", START)
    take_slots(count, slots(1, 0, 0), "a", START)

    late = START + WANT_SECONDS
    assert take_slots(count, slots(1, 0, 1), "b", START + 0.1).granted == 0
    assert take_slots(count, slots(1, 0, 1), "b", late).granted == 1


AMOUNTS = st.integers(0, 10**12)


@given(AMOUNTS, st.lists(st.tuples(st.integers(-(10**6), 10**6), AMOUNTS, AMOUNTS, AMOUNTS)))
def test_no_more_is_granted_than_the_budget_has(
    limit: int, queries: list[tuple[int, int, int, int]]
) -> None:
    counted = 0
    for change, least, needed, more in queries:
        query = BudgetQuery(
            key="a",
            period="day",
            limit=limit,
            change=change,
            least=min(least, needed),
            needed=needed,
            more=more,
        )
        before = max(0, counted + change)
        grant = take_budget(counted, query)
        counted = grant.counted

        assert counted == before + (grant.granted or 0)
        assert grant.granted is None or counted <= limit
        assert (grant.granted is None) == (min(least, needed) > limit - before)


def test_only_a_part_of_the_rest_is_leased_ahead() -> None:
    query = BudgetQuery(key="a", period="day", limit=1010, least=10, needed=10, more=500)

    assert take_budget(0, query).granted == 10 + 31
