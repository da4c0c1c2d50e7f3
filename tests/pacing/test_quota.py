"""The rest of a limit, as the headers of the last reply report it."""

import pytest

from llmring.dialects.rates.rate_limits import RateLimit
from llmring.pacing.quota import Quota


def quota(limit: RateLimit, later: float = 0.0) -> Quota:
    made = Quota()
    made.report(limit, later, 100.0)
    made.take(0.0, 100.0)
    return made


def test_nothing_is_waited_for_while_most_of_the_limit_is_left() -> None:
    assert quota(RateLimit(60, 30.0, 100)).wait(1, 100.0) == 0.0


def test_the_rest_is_spread_over_the_time_until_the_limit_is_reset() -> None:
    assert quota(RateLimit(10, 30.0, 100)).wait(1, 100.0) == pytest.approx(3.0)
    assert quota(RateLimit(10, 30.0, 100)).wait(1, 103.1) == 0.0


def test_the_reset_is_waited_for_where_less_is_left_than_is_needed() -> None:
    assert quota(RateLimit(5, 30.0, 100)).wait(6, 100.0) == 30.0
    assert quota(RateLimit(5, 30.0, 100)).wait(6, 130.0) == 0.0


def test_what_was_sent_after_the_reply_s_request_is_counted() -> None:
    assert quota(RateLimit(5, 30.0, 100), later=5).wait(1, 100.0) == 30.0


def test_a_day_s_limit_may_be_used_at_once_and_is_tried_each_minute_at_its_end() -> None:
    assert quota(RateLimit(5, 3600.0, 100)).wait(1, 100.0) == 0.0
    assert quota(RateLimit(0, 3600.0, 100)).wait(1, 100.0) == 60.0


def test_a_limit_without_a_reset_is_ignored() -> None:
    assert quota(RateLimit(0, None, 100)).wait(1, 100.0) == 0.0
