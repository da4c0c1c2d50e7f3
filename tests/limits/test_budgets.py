"""Spending against a daily budget, in real files and real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.clock import SYSTEM
from llmring.exceptions import ConfigurationError
from llmring.limits.budgets import SqliteSpending, nanos, spending_in

TODAY = SYSTEM.now().date()
CENT = Decimal("0.01")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "spending.db"


def reserve(file: SqliteSpending, usd: Decimal, limit: Decimal, key: str = "fast") -> bool:
    return asyncio.run(file.reserve(key, TODAY, usd, limit))


def spent(path: Path, key: str = "fast", day: date = TODAY) -> Decimal:
    """Read the spending as another process would."""
    file = SqliteSpending(path)
    try:
        return asyncio.run(file.spent(key, day))
    finally:
        file.close()


def test_amounts_are_reserved_up_to_the_limit_and_not_beyond(place: Path) -> None:
    file = SqliteSpending(place)

    outcomes = [reserve(file, CENT, 3 * CENT) for _ in range(5)]

    file.close()
    assert outcomes == [True, True, True, False, False]
    assert spent(place) == 3 * CENT


def test_the_first_amount_must_fit_the_limit_too(place: Path) -> None:
    file = SqliteSpending(place)

    assert reserve(file, 4 * CENT, 3 * CENT) is False

    file.close()
    assert spent(place) == 0


def test_the_cost_of_a_call_replaces_its_estimate(place: Path) -> None:
    file = SqliteSpending(place)
    reserve(file, 5 * CENT, 10 * CENT)

    asyncio.run(file.settle("fast", TODAY, 5 * CENT, Decimal("0.0312")))

    file.close()
    assert spent(place) == Decimal("0.0312")


def test_aliases_and_days_are_counted_separately(place: Path) -> None:
    file = SqliteSpending(place)
    reserve(file, CENT, CENT)

    assert reserve(file, CENT, CENT, key="deep")
    assert asyncio.run(file.reserve("fast", TODAY + timedelta(1), CENT, CENT))
    assert not reserve(file, CENT, CENT)
    file.close()


@given(st.decimals(0, 1000, places=12), st.decimals(0, 1000, places=12))
def test_a_count_is_never_below_what_was_spent(one: Decimal, other: Decimal) -> None:
    with localcontext(prec=50):
        together = nanos(one) + nanos(other)

        assert 0 <= Decimal(together).scaleb(-9) - (one + other) < Decimal("2e-9")


def test_an_application_s_decimal_context_changes_no_count() -> None:
    with localcontext(prec=2):
        assert nanos(Decimal("1.234567891")) == 1_234_567_891


def test_threads_at_once_never_spend_more_than_the_limit(place: Path) -> None:
    file = SqliteSpending(place)

    async def many() -> list[bool]:
        calls = [file.reserve("fast", TODAY, CENT, 50 * CENT) for _ in range(40)]
        return await asyncio.gather(*calls)

    with ThreadPoolExecutor(4) as threads:
        outcomes = [done.result() for done in [threads.submit(asyncio.run, many()) for _ in "1234"]]

    file.close()
    assert sum(map(sum, outcomes)) == 50
    assert spent(place) == 50 * CENT


PROGRAM = """
import asyncio, sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from llmring.limits.budgets import SqliteSpending

file, day = SqliteSpending(Path(sys.argv[1])), date.fromisoformat(sys.argv[2])
cent = Decimal("0.01")
reserve = lambda: asyncio.run(file.reserve("fast", day, cent, cent * 100))
"""


def start(code: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + code, str(path), str(TODAY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_never_spend_more_than_the_limit(place: Path) -> None:
    code = "print('ready', flush=True); input(); print(sum(reserve() for _ in range(60)))"
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
    assert spent(place) == 100 * CENT


def test_a_killed_process_leaves_its_amounts_and_no_lock(place: Path) -> None:
    code = """
reserve()
# In the middle of a change, with the file locked.
file._files.popitem()[1]._connection.execute("BEGIN IMMEDIATE")
print('locked', flush=True)
input()
"""
    with start(code, place) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        process.send_signal(signal.SIGKILL)

    file = SqliteSpending(place)
    assert reserve(file, CENT, 2 * CENT)
    assert not reserve(file, CENT, 2 * CENT)
    file.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_counts_with_its_parent(place: Path) -> None:
    code = """
import os
reserve()
child = os.fork()
if child == 0:
    os._exit(0 if reserve() else 1)
assert os.waitpid(child, 0)[1] == 0
print(reserve())
"""
    with start("import warnings; warnings.simplefilter('ignore')" + code, place) as process:
        output, _ = process.communicate(timeout=30)

    assert output == "True\n"
    assert spent(place) == 3 * CENT


def test_the_error_for_an_unusable_file_names_it_and_the_fix(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("this is not a database in spite of its name" * 100)

    with pytest.raises(ConfigurationError, match=r"spending\.db.*not a database.*daily_budget"):
        reserve(SqliteSpending(place), CENT, CENT)


def test_an_answer_is_not_lost_where_its_cost_can_t_be_counted(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir(parents=True)

    asyncio.run(SqliteSpending(place).settle("fast", TODAY, CENT, CENT))

    assert "can't count the day's spending" in caplog.text


def test_old_counts_are_deleted(place: Path) -> None:
    long_ago = TODAY - timedelta(500)
    file = SqliteSpending(place)
    asyncio.run(file.reserve("fast", long_ago, CENT, CENT))
    reserve(file, CENT, CENT)
    file.close()

    assert (spent(place), spent(place, day=long_ago)) == (CENT, Decimal(0))


def test_a_process_has_one_count_for_a_folder(tmp_path: Path) -> None:
    assert spending_in(tmp_path) is spending_in(tmp_path)
