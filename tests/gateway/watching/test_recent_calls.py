"""The last calls of several processes."""

from __future__ import annotations

import mmap
from datetime import UTC, datetime, timedelta

import pytest

from llmring.gateway.watching.finished_call import FinishedAttempt, FinishedCall
from llmring.gateway.watching.recent_calls import RecentCalls, size_of

PLACES, ROWS = 3, 8
BEGAN = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def memory() -> mmap.mmap:
    return mmap.mmap(-1, size_of(PLACES, ROWS))


def calls(memory: mmap.mmap, place: int = 0) -> RecentCalls:
    return RecentCalls(memory, 0, PLACES, place, ROWS)


def finished(nth: int, attempts: int = 1) -> FinishedCall:
    return FinishedCall(
        time=BEGAN + timedelta(seconds=nth),
        id=str(nth),
        wire="chat",
        outcome="ok",
        ms=5.0,
        attempts=tuple(
            FinishedAttempt(model=f"openai:model-{each}", outcome="failed")
            for each in range(attempts)
        ),
    )


def ids(found: RecentCalls, most: int = 100) -> list[str]:
    return [each.id for each in found.latest(most)]


def test_g142_the_calls_of_all_processes_are_in_the_order_of_their_ends(memory: mmap.mmap) -> None:
    one, other = calls(memory, 0), calls(memory, 2)
    for nth in range(6):
        (one, other)[nth % 2].add(finished(nth))

    assert ids(one) == ids(other) == ["0", "1", "2", "3", "4", "5"]
    assert ids(calls(memory, 1), 2) == ["4", "5"]


def test_g142_the_oldest_calls_make_room(memory: mmap.mmap) -> None:
    one = calls(memory)
    for nth in range(30):
        one.add(finished(nth))

    assert ids(one) == [str(nth) for nth in range(22, 30)]


def test_g142_a_process_goes_on_where_the_one_before_it_has_ended(memory: mmap.mmap) -> None:
    for nth in range(5):
        calls(memory).add(finished(nth))

    assert ids(calls(memory)) == ["0", "1", "2", "3", "4"]


def test_g142_a_call_comes_back_as_it_was(memory: mmap.mmap) -> None:
    one = calls(memory)
    one.add(finished(1))

    assert one.latest(1) == [finished(1)]


def test_g142_of_a_call_with_very_many_attempts_the_last_ones_are_kept(memory: mmap.mmap) -> None:
    one = calls(memory)
    one.add(finished(1, attempts=200))
    (found,) = one.latest(1)

    assert [each.model for each in found.attempts][-1] == "openai:model-199"


def test_g142_a_row_that_is_half_written_is_left_out(memory: mmap.mmap) -> None:
    one = calls(memory)
    one.add(finished(1))
    one.add(finished(2))
    at = memory.find(b'"id":"1"')
    memory[at : at + 8] = b'"id":"9"'

    assert ids(one) == ["2"]
