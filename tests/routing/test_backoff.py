"""The wait before a model is called again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.routing.backoff import MOST_RETRY_AFTER_SECONDS, MOST_SECONDS, pause

CHANCES = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("nth", "seconds"), [(1, 0.25), (2, 0.5), (3, 1), (4, 2), (5, 4), (6, 4), (1000, 4)]
)
def test_the_bound_of_the_wait_doubles_up_to_a_limit(nth: int, seconds: float) -> None:
    assert pause(nth, None, None, lambda: 0.5) == seconds


@given(st.integers(1, 100), CHANCES)
def test_a_wait_is_anything_from_nothing_up_to_its_bound(nth: int, chance: float) -> None:
    seconds = pause(nth, None, None, lambda: chance)

    assert seconds is not None
    assert 0 <= seconds <= MOST_SECONDS
    assert pause(nth, None, None, lambda: 0.0) == 0


@given(st.integers(1, 100), st.floats(0, MOST_RETRY_AFTER_SECONDS), CHANCES)
def test_a_retry_comes_no_earlier_than_the_provider_asks_and_little_later(
    nth: int, request: float, chance: float
) -> None:
    seconds = pause(nth, request, None, lambda: chance)

    assert seconds is not None
    assert request <= seconds <= request * 1.1


def test_callers_that_failed_together_do_not_retry_together() -> None:
    assert pause(1, 10, None, lambda: 0.1) != pause(1, 10, None, lambda: 0.9)


@pytest.mark.parametrize("sent", [10.01, 3600])
def test_a_long_wait_that_the_provider_asks_for_means_no_retry(sent: float) -> None:
    assert pause(1, sent, None, lambda: 0.0) is None


@pytest.mark.parametrize(
    ("retry_after", "left", "seconds"),
    [
        (None, 0.26, 0.25),
        (None, 0.25, None),
        (None, 0, None),
        (2, 2.2, 2.1),
        (2, 2.1, None),
        (2, 2, None),
    ],
)
def test_no_wait_outlasts_the_time_that_the_call_has_left(
    retry_after: float | None, left: float, seconds: float | None
) -> None:
    assert pause(1, retry_after, left, lambda: 0.5) == seconds
