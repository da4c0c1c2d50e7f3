"""Recent times to first content, per model."""

from llmring.routing.latency import FRESH_SECONDS, Latencies
from priced import target

A, B = target("a"), target("b")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def measured(*seconds: float) -> Latencies:
    latencies = Latencies(Clock())
    for each in seconds:
        latencies.note(A, each)
    return latencies


def test_a_model_that_never_answered_has_no_speed() -> None:
    assert measured(1.0).typical(B) is None


def test_one_slow_answer_does_not_make_a_model_slow() -> None:
    assert measured(1.0, 1.1, 60.0, 0.9, 1.0).typical(A) == 1.0


def test_a_model_that_became_slow_is_slow_in_time() -> None:
    assert measured(*[1.0] * 100, *[9.0] * 40).typical(A) == 9.0


def test_old_measurements_do_not_count() -> None:
    clock = Clock()
    latencies = Latencies(clock)
    latencies.note(A, 9.0)
    clock.now += FRESH_SECONDS
    assert latencies.typical(A) == 9.0

    clock.now += 1

    assert latencies.typical(A) is None


def test_95_of_100_answers_were_within_the_p95() -> None:
    assert measured(*(float(each) for each in range(1, 41))).p95(A) == 39.0


def test_a_few_answers_give_no_p95() -> None:
    assert measured(*[1.0] * 19).p95(A) is None
