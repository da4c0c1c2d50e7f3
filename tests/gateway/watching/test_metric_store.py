"""Numbers that several processes share."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys

import pytest

from llmring.gateway.watching import metric_families as families
from llmring.gateway.watching.call_metrics import CallMetrics
from llmring.gateway.watching.metric_families import FAMILIES, MOST_SERIES, OTHER
from llmring.gateway.watching.metric_store import MetricStore, size_of
from llmring.gateway.workers.shared_memory import make_memory, records_in

PLACES = 4


@pytest.fixture
def memory() -> mmap.mmap:
    return mmap.mmap(-1, size_of(PLACES))


def store(memory: mmap.mmap, place: int) -> MetricStore:
    return MetricStore(memory, 0, PLACES, place)


def numbers(found: MetricStore) -> dict[tuple[str, ...], list[float]]:
    return {(row.family.name, *row.labels): list(row.numbers) for row in found.rows()}


def test_g138_each_process_shows_the_numbers_of_all(memory: mmap.mmap) -> None:
    one, other = (CallMetrics(store(memory, place)) for place in (0, 3))
    one.add(2, families.REFUSALS, "rpm")
    other.add(1, families.REFUSALS, "budget")
    other.add(5, families.REFUSALS, "rpm")

    for place in (0, 3):
        assert numbers(store(memory, place)) == {
            ("llmring_refusals", "rpm"): [7],
            ("llmring_refusals", "budget"): [1],
        }


def test_g138_states_count_once_and_amounts_are_added_up(memory: mmap.mmap) -> None:
    one, other = (CallMetrics(store(memory, place)) for place in (0, 1))
    for each in (one, other):
        each.set(1, families.CIRCUIT_OPEN, "openai:a")
        each.set(2, families.INFLIGHT, "fast")

    assert numbers(store(memory, 2)) == {
        ("llmring_circuit_open", "openai:a"): [1],
        ("llmring_inflight", "fast"): [4],
    }


def test_g138_a_replaced_process_leaves_its_counts_but_not_its_state(memory: mmap.mmap) -> None:
    first = CallMetrics(store(memory, 0))
    first.add(3, families.REFUSALS, "rpm")
    first.set(2, families.INFLIGHT, "fast")
    CallMetrics(store(memory, 0)).add(1, families.REFUSALS, "rpm")

    found = numbers(store(memory, 1))
    assert found["llmring_refusals", "rpm"] == [4]
    assert found["llmring_inflight", "fast"] == [0]


def test_g138_beyond_the_limit_names_become_other(memory: mmap.mmap) -> None:
    stores = [store(memory, place) for place in (0, 1)]
    counting = [CallMetrics(each) for each in stores]
    for nth in range(3000):
        counting[nth % 2].add(1, families.REQUESTS, "chat", f"a{nth}", "default", "ok", "")
        counting[nth % 2].observe(0.1, families.SERVER_DURATION, "chat", f"a{nth}", "")
    rows = list(stores[0].rows())

    assert sum(row.family.lines for row in rows) <= MOST_SERIES
    assert sum(row.numbers[0] for row in rows if row.family is families.REQUESTS) == 3000
    found = numbers(stores[1])
    assert found["llmring_requests", "chat", "a0", "default", "ok", ""] == [1]
    assert found["llmring_requests", "chat", OTHER, OTHER, "ok", ""][0] > 1000


def test_g171_whatever_the_labels_no_more_series_than_the_limit(memory: mmap.mmap) -> None:
    metrics = CallMetrics(store(memory, 0))
    for nth in range(3000):
        family = FAMILIES[nth % len(FAMILIES)]
        metrics.add(1, family, *(f"{label}-{nth}" for label in family.labels))

    rows = list(store(memory, 0).rows())
    assert sum(row.family.lines for row in rows) <= MOST_SERIES


def test_long_names_are_cut(memory: mmap.mmap) -> None:
    found = store(memory, 0)
    metrics = CallMetrics(found)
    for end in "ab":
        metrics.add(1, families.INFLIGHT, "x" * 5000 + end)

    ((row,)) = list(found.rows())
    assert (len(row.labels[0]), row.numbers) == (120, [2])


# Each process adds the same sets of labels, in an order of its own.
COUNTING = """
import sys
from llmring.gateway.watching import metric_families as families
from llmring.gateway.watching.call_metrics import CallMetrics
from llmring.gateway.workers.shared_memory import records_in
place = int(sys.argv[2])
metrics = CallMetrics(records_in(int(sys.argv[1]), place).metrics)
for nth in range(300):
    metrics.add(1, families.INFLIGHT, f"alias-{nth * (7, 11, 13)[place - 1] % 300}")
"""


def test_g138_processes_that_add_labels_at_once_agree_on_them() -> None:
    descriptor = make_memory()
    assert descriptor is not None
    running = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(descriptor), str(place)], pass_fds=[descriptor]
        )
        for place in (1, 2, 3)
    ]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    rows = list(records_in(descriptor, 5).metrics.rows())
    os.close(descriptor)

    assert {row.labels[0] for row in rows} == {f"alias-{nth}" for nth in range(300)}
    assert {row.numbers[0] for row in rows} == {3}
