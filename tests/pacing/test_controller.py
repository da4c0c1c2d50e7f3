"""The pace of the requests to one model, in virtual time."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.rates.rate_limits import RateLimit, RateLimits
from llmring.pacing.controller import PaceController, Sent
from paced_upstreams import FixedWindow, SlidingWindow, Stage, TokenBucket, Upstream

each_shape = pytest.mark.parametrize(
    "shape", [TokenBucket, SlidingWindow, FixedWindow], ids=["bucket", "sliding", "fixed"]
)
# With 2 s, 256 requests in flight are at most 128 a second.
each_latency = pytest.mark.parametrize(
    ("latency", "limit"), [(0.003, 300), (0.05, 300), (0.4, 300), (2.0, 100)]
)
each_advice = pytest.mark.parametrize("retry_after", [1.0, None], ids=["retry-after", "no advice"])


@each_advice
@each_latency
@each_shape
def test_b20_most_of_an_upstream_s_limit_is_used_and_few_requests_meet_it(
    shape: Callable[[float], Upstream], latency: float, limit: float, retry_after: float | None
) -> None:
    outcome = Stage(shape(limit), latency=latency, retry_after=retry_after).run(60)
    # A window that starts at 8 takes ten answers to fill.
    start = 10 if latency < 0.4 else 20

    assert outcome.rate(start, 60) >= 0.85 * limit
    # The first limit is found at up to twice its rate, and known as late as an answer is.
    assert outcome.refused(0, 60) <= (0.025 if latency == 0.4 else 0.02)


@each_advice
@each_latency
@each_shape
def test_b20_a_limit_that_drops_and_then_rises_is_followed(
    shape: Callable[[float], Upstream], latency: float, limit: float, retry_after: float | None
) -> None:
    stage = Stage(shape(limit), latency=latency, retry_after=retry_after)
    outcome = stage.run(125, [(20, 30), (65, 1000)])
    highest = min(1000.0, 256 / latency)

    assert outcome.rate(50, 65) >= 0.85 * 30
    assert outcome.refused(50, 65) <= 0.02
    assert outcome.rate(95, 125) >= 0.84 * highest


def test_b20_the_limits_of_one_target_do_not_slow_another() -> None:
    slow = Stage(TokenBucket(5), latency=0.05, retry_after=1.0).run(30)
    fast = Stage(TokenBucket(300), latency=0.05, retry_after=1.0).run(30)

    assert slow.rate(10, 30) == pytest.approx(5, rel=0.15)
    assert fast.rate(10, 30) >= 0.85 * 300


@each_latency
@pytest.mark.parametrize("shape", [TokenBucket, FixedWindow])
def test_b19_rate_headers_pace_ahead_of_limits(
    shape: Callable[[float], Upstream], latency: float, limit: float
) -> None:
    outcome = Stage(shape(limit), latency=latency, retry_after=1.0, shows=True).run(60)

    assert outcome.rate(20, 60) >= 0.84 * limit
    assert outcome.refused(10, 60) <= 0.02


def test_b19_a_minute_s_limit_is_used_up_and_never_passed_by_its_headers() -> None:
    outcome = Stage(FixedWindow(1, period=60), latency=1.0, shows=True).run(300)

    assert outcome.rate(60, 300) >= 0.95
    assert sum(outcome.limits.values()) == 0


def test_a_minute_s_limit_without_headers_is_found_after_a_pause() -> None:
    outcome = Stage(FixedWindow(10, period=60), latency=0.05, retry_after=None).run(600)

    assert outcome.rate(120, 600) >= 8.5
    assert outcome.refused(120, 600) <= 0.05


def test_b18_the_window_starts_at_8_and_doubles_each_second_up_to_the_most() -> None:
    controller, windows = PaceController(100, 0.0), []
    for second in range(7):
        while controller.wait(0, float(second)) <= 0:
            controller.send(0, float(second))
        windows.append(controller.in_flight)

    assert windows == [8, 16, 32, 64, 100, 100, 100]


def test_b18_a_limit_halves_a_full_window_at_most_once_a_second() -> None:
    controller = PaceController(256, 0.0)
    sent = [controller.send(0, 0.0) for _ in range(8)]
    for each in sent[:4]:
        controller.limited(each, None, 0.1)

    assert controller.window == 4
    assert controller.limits == 4
    assert controller.rate is not None


@pytest.mark.parametrize("most", [1, 3])
def test_b18_the_window_is_never_above_the_most_nor_below_one(most: int) -> None:
    controller = PaceController(most, 0.0)
    for second in range(20):
        sent = []
        while controller.wait(0, float(second)) <= 0:
            sent.append(controller.send(0, float(second)))
        assert len(sent) <= most
        for each in sent:
            controller.limited(each, 0.1, second + 0.5)
        assert 1 <= controller.window <= most


def test_b19_a_retry_after_pauses_all_rows_once() -> None:
    controller = PaceController(256, 0.0)
    sent = [controller.send(0, 0.0) for _ in range(8)]
    controller.limited(sent[0], 3.0, 0.1)
    # Sent before the pause, and refused in it.
    controller.limited(sent[1], 3.0, 2.0)

    assert controller.resumes_in(2.0) == pytest.approx(1.1)
    assert controller.wait(0, 2.0) == pytest.approx(1.1)
    for each in sent[2:]:
        controller.answered(each, None, 3.0)
    assert controller.wait(0, 3.2) == 0.0


def test_b19_tokens_that_are_left_are_kept_for_the_rows_that_need_them() -> None:
    controller = PaceController(256, 0.0)
    sent = controller.send(1000, 0.0)
    controller.answered(sent, 1000, 0.1)
    controller.report(sent, RateLimits(tokens=RateLimit(500, 30.0, 100_000)), 0.1)

    assert controller.wait(1000, 0.1) == pytest.approx(30.0)
    assert 0 < controller.wait(100, 0.1) < 30.0
    assert controller.wait(1000, 31.0) == 0.0


def test_b19_a_quota_of_a_day_never_holds_a_model_up_for_longer_than_a_minute() -> None:
    controller = PaceController(256, 0.0)
    sent = controller.send(0, 0.0)
    controller.report(sent, RateLimits(RateLimit(0, 86_400.0, 14_400)), 0.0)

    assert controller.wait(0, 0.0) == 60.0


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["send", "answered", "limited", "failed", "report"]),
        st.floats(0, 5),
        st.none() | st.floats(0, 100),
    ),
    max_size=60,
)


@given(ACTIONS, st.integers(1, 300))
def test_a_model_always_gets_its_turn_again(
    actions: list[tuple[str, float, float | None]], most: int
) -> None:
    controller, now = PaceController(most, 0.0), 0.0
    flying: list[Sent] = []
    for action, seconds, amount in actions:
        now += seconds
        if action == "send":
            if controller.wait(10, now) <= 0:
                flying.append(controller.send(10, now))
        elif action == "report" and flying:
            controller.report(flying[0], RateLimits(RateLimit(amount or 0, seconds, amount)), now)
        elif flying:
            sent = flying.pop(0)
            if action == "answered":
                controller.answered(sent, None if amount is None else int(amount), now)
            elif action == "limited":
                controller.limited(sent, amount, now)
            else:
                controller.failed()
        assert controller.in_flight == len(flying)
        assert 1 <= controller.window <= max(1, most)
    for _ in flying:
        controller.failed()
    waits = 0
    while (wait := controller.wait(10, now)) > 0:
        assert not math.isinf(wait)
        now += wait
        waits += 1
        assert waits < 50
