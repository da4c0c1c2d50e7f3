"""The time that an attempt leaves to the models after it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.routing.reserve import latest_end, reserve_for

seconds = st.floats(0, 1e6)


def test_without_a_deadline_an_attempt_has_no_end() -> None:
    assert latest_end(None, 5.0, reserve_for(2)) is None


@pytest.mark.parametrize(
    ("deadline", "later", "end"),
    [(60.0, 0, 60.0), (60.0, 1, 50.0), (60.0, 2, 40.0), (60.0, 9, 30.0), (4.0, 1, 2.0)],
)
def test_half_of_the_time_is_left_to_later_models_and_at_most_ten_seconds_to_each(
    deadline: float, later: int, end: float
) -> None:
    assert latest_end(deadline, 0.0, reserve_for(later)) == end


@given(now=seconds, left=seconds, more=seconds, later=st.integers(0, 20))
def test_content_never_makes_the_end_earlier(
    now: float, left: float, more: float, later: int
) -> None:
    deadline = now + left
    soon = latest_end(deadline, now, reserve_for(later))
    late = latest_end(deadline, min(now + more, deadline), reserve_for(later))

    assert soon is not None
    assert late is not None
    assert soon <= late + 1e-6
    assert late <= deadline
