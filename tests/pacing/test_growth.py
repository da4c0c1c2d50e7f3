"""The growth of a ceiling after a limit was met."""

import itertools

import pytest

from llmring.pacing.growth import CeilingGrowth


def values(share: float, seconds: int) -> list[float]:
    growth, found = CeilingGrowth(100.0, share, 6.0), []
    for _ in range(seconds):
        found.append(growth.value)
        growth.advance(1.0)
    return found


def test_a_ceiling_grows_slowly_near_the_limit_and_faster_further_away() -> None:
    found = values(0.95, 20)
    steps = [later - sooner for sooner, later in itertools.pairwise(found)]

    assert found[0] == pytest.approx(95.0)
    assert found[6] == pytest.approx(100.0)
    assert min(steps) in (steps[5], steps[6])
    assert steps == sorted(steps[:6], reverse=True) + sorted(steps[6:])


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_b19_a_ceiling_at_most_doubles_each_second(share: float) -> None:
    found = values(share, 60)

    assert all(sooner < later <= 2 * sooner + 1e-9 for sooner, later in itertools.pairwise(found))


def test_a_limit_that_is_much_higher_is_reached_within_half_a_minute() -> None:
    assert values(0.95, 30)[-1] >= 100.0 * 1000 / 30
