"""Counts of a machine, in real files and real processes."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from llmring.limits.counts import (
    BudgetGrant,
    BudgetQuery,
    CountBatch,
    RateAsk,
    RateQuery,
    SlotQuery,
    StoreError,
)
from llmring.limits.machine_counts import MachineCounts

DAY = "2026-11-23"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "spending.db"


def spend(
    counts: MachineCounts, amount: int | None, limit: int, key: str = "fast", day: str = DAY
) -> BudgetGrant:
    query = BudgetQuery(key=key, period=day, limit=limit, least=amount, needed=amount or 0)
    return counts.exchange(CountBatch(process="a", serial=1, budgets=[query])).budgets[0]


def counted(path: Path, key: str = "fast", day: str = DAY) -> int:
    """Read the spending as another process would."""
    counts = MachineCounts(path)
    try:
        return spend(counts, None, 0, key, day).counted
    finally:
        counts.close()


def test_amounts_are_granted_up_to_the_limit_and_not_beyond(place: Path) -> None:
    counts = MachineCounts(place)

    granted = [spend(counts, 10, 30).granted for _ in range(5)]

    counts.close()
    assert granted == [10, 10, 10, None, None]
    assert counted(place) == 30


def test_accounts_and_periods_are_counted_separately(place: Path) -> None:
    counts = MachineCounts(place)

    granted = [
        spend(counts, 10, 10).granted,
        spend(counts, 10, 10, key="deep").granted,
        spend(counts, 10, 10, day="week 2026-11-23").granted,
        spend(counts, 10, 10).granted,
    ]

    counts.close()
    assert granted == [10, 10, 10, None]


def test_requests_and_slots_are_counted_for_all_who_open_the_file(place: Path) -> None:
    answers = []
    for process in ("a", "b"):
        counts = MachineCounts(place)
        ask = RateAsk(tokens=1, patience=0)
        batch = CountBatch(
            process=process,
            serial=1,
            rates=[RateQuery(key="fast", rpm=1, tpm=None, asks=[ask])],
            slots=[SlotQuery(key="fast", limit=1, held=0, wanted=1)],
        )
        found = counts.exchange(batch)
        answers.append((found.rates[0][0].requests, found.slots[0].granted))
        counts.close()

    assert answers == [(1, 1), (0, 0)]


def test_an_amount_of_an_earlier_version_still_counts(place: Path) -> None:
    counts = MachineCounts(place)
    spend(counts, None, 0)
    with counts._transaction() as connection:
        connection.execute("INSERT INTO spending VALUES ('fast', ?, 25)", (DAY,))

    assert spend(counts, 10, 30).granted is None
    counts.close()


def test_a_machine_has_one_id_for_all_its_processes(place: Path) -> None:
    first, second = MachineCounts(place), MachineCounts(place)

    assert first.machine() == second.machine() != MachineCounts(place.with_name("x")).machine()
    first.close()
    second.close()


def test_facts_are_kept(place: Path) -> None:
    counts = MachineCounts(place)
    counts.keep_fact("machines", "3")
    counts.keep_fact("machines", "4")
    counts.close()

    assert (MachineCounts(place).fact("machines"), MachineCounts(place).fact("x")) == ("4", None)


PROGRAM = """
import sys
from pathlib import Path
from llmring.limits.counts import CountBatch, BudgetQuery
from llmring.limits.machine_counts import MachineCounts

counts = MachineCounts(Path(sys.argv[1]))
query = BudgetQuery(key="fast", period=sys.argv[2], limit=100, least=1, needed=1)
def spend():
    batch = CountBatch(process="b", serial=1, budgets=[query])
    return counts.exchange(batch).budgets[0].granted or 0
"""


def start(code: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + code, str(path), DAY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_never_spend_more_than_the_limit(place: Path) -> None:
    code = "print('ready', flush=True); input(); print(sum(spend() for _ in range(60)))"
    processes = [start(code, place) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    # They also create the file at the same moment.
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

    assert sum(int(process.communicate(timeout=30)[0]) for process in processes) == 100
    assert counted(place) == 100


def test_a_killed_process_leaves_its_amounts_and_no_lock(place: Path) -> None:
    code = """
spend()
# In the middle of a change, with the file locked.
counts._connection.execute("BEGIN IMMEDIATE")
print('locked', flush=True)
input()
"""
    with start(code, place) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        process.send_signal(signal.SIGKILL)

    counts = MachineCounts(place)
    assert spend(counts, 1, 2).granted == 1
    assert spend(counts, 1, 2).granted is None
    counts.close()


def test_a_file_that_can_t_be_used_is_named_with_the_reason(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("this is not a database in spite of its name" * 100)

    with pytest.raises(StoreError, match=r"spending\.db: file is not a database"):
        spend(MachineCounts(place), 1, 1)


@pytest.mark.skipif(os.name == "nt", reason="needs another kind of path")
def test_without_a_file_each_process_is_a_machine(place: Path) -> None:
    place.mkdir(parents=True)

    assert MachineCounts(place).machine() != MachineCounts(place).machine()


def test_old_counts_are_deleted_but_not_those_without_an_end(place: Path) -> None:
    long_ago = str(date(2026, 11, 23) - timedelta(500))
    counts = MachineCounts(place)
    spend(counts, 1, 1, day=long_ago)
    spend(counts, 1, 1, day="total")
    counts.close()

    later = MachineCounts(place, lambda: 1_795_392_000.0)
    spend(later, 1, 1)
    later.close()

    assert (counted(place, day=long_ago), counted(place, day="total")) == (0, 1)
