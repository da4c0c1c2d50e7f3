"""Counts of the requests that a model has admitted in the last minute."""

from hypothesis import given
from hypothesis import strategies as st

from llmring.pacing.sent_counts import SentCounts

# In hundredths of a second, and far from the edges of the spans in which they are counted.
TIMES = st.lists(st.integers(0, 3000), max_size=80).map(
    lambda numbers: [number * 0.02 + 0.01 for number in sorted(numbers)]
)


@given(TIMES, st.integers(0, 3000), st.integers(0, 3000))
def test_requests_are_counted_between_two_times(times: list[float], one: int, other: int) -> None:
    since, until = sorted((one * 0.02 + 0.01, other * 0.02 + 0.01))
    counts = SentCounts()
    for at in times:
        counts.sent(at)

    assert counts.admitted(since, until) == sum(since < at <= until for at in times)


@given(TIMES, st.data())
def test_requests_that_met_a_limit_are_not_counted(times: list[float], data: st.DataObject) -> None:
    refused = data.draw(st.lists(st.sampled_from(times), unique=True)) if times else []
    counts = SentCounts()
    for at in times:
        counts.sent(at)
    for at in refused:
        counts.met_limit(at)

    assert counts.admitted(-1.0, 100.0) == len(times) - len(refused)


def test_a_minute_is_kept() -> None:
    counts = SentCounts()
    for second in range(1000):
        counts.sent(float(second))

    assert counts.admitted(0.0, 1000.0) in (60, 61)


def test_a_refusal_of_a_request_that_is_forgotten_changes_nothing() -> None:
    counts = SentCounts()
    counts.sent(500.0)
    counts.met_limit(1.0)

    assert counts.admitted(0.0, 1000.0) == 1
