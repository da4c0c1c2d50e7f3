"""The pauses between workers that end soon after their start."""

from llmring.gateway.workers.crash_loop import LASTING_SECONDS, MOST_DEATHS, CrashLoop


def test_g175_a_worker_that_ran_for_long_is_replaced_at_once() -> None:
    loop = CrashLoop()

    assert [loop.die(LASTING_SECONDS) for _ in range(20)] == [0.0] * 20
    assert not loop.is_hopeless


def test_g175_the_pauses_between_workers_that_end_soon_grow_up_to_a_bound() -> None:
    loop = CrashLoop()

    assert [loop.die(0.5) for _ in range(8)] == [0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_g175_after_some_workers_in_a_row_another_one_is_hopeless() -> None:
    loop = CrashLoop()
    found = []
    for _ in range(MOST_DEATHS):
        loop.die(9.9)
        found.append(loop.is_hopeless)

    assert found == [False] * (MOST_DEATHS - 1) + [True]


def test_g175_a_worker_that_has_started_well_ends_the_row() -> None:
    loop = CrashLoop()
    for _ in range(MOST_DEATHS):
        loop.die(0.0)
    loop.last()

    assert not loop.is_hopeless
    assert loop.die(0.0) == 0.0
