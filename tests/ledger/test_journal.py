"""Rows that outlive the process that has not written them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledgers import entry, keep
from llmring.ledger.columns import row_of
from llmring.ledger.daily_report import DayFilter, daily_total
from llmring.ledger.journal import Journal, left_behind
from llmring.ledger.reader import entries
from llmring.ledger.writer import Ledger

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")

# Adds rows to a ledger, and is killed at once.
KILLED = """
import os, signal, sys
from pathlib import Path
from ledgers import entry
from llmring.ledger.writer import Ledger
ledger = Ledger(Path(sys.argv[1]), spool=Path(sys.argv[2]))
ledger.keep_journal()
for number in range(int(sys.argv[3])):
    ledger.add(entry(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def rows(*numbers: int) -> list[tuple[object, ...]]:
    return [tuple(row_of(entry(number))) for number in numbers]


def filled(folder: Path, *numbers: int) -> Journal:
    journal = Journal(folder)
    for number in numbers:
        journal.add(row_of(entry(number)))
    return journal


def found(folder: Path) -> list[tuple[object, ...]]:
    return [tuple(row) for _, some in left_behind(folder) for row in some]


def test_g131_calls_of_a_process_that_is_killed_at_once_are_written_by_the_next(
    tmp_path: Path,
) -> None:
    place, folder = tmp_path / "ledger.sqlite", tmp_path / "spool"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(place), str(folder), "20"],
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    before = len([*entries(place)])

    ledger = Ledger(place, spool=folder)
    ledger.add(entry(100))
    ledger.end()

    assert before < 20
    assert [*entries(place)] == [*map(entry, [*range(20), 100])]
    assert daily_total(place, DayFilter()).calls == 21
    assert [each for each in folder.rglob("*") if each.is_file()] == []


def test_the_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    journal = filled(tmp_path, 1, 2)

    assert found(tmp_path) == []
    journal.abandon()
    assert found(tmp_path) == rows(1, 2)


def test_files_before_a_turn_are_removed_once_their_rows_are_safe(tmp_path: Path) -> None:
    journal = filled(tmp_path, 1)
    with journal.turned(lambda: False):
        journal.add(row_of(entry(2)))
    assert len([*tmp_path.glob("*.journal")]) == 2
    with journal.turned(lambda: True):
        journal.add(row_of(entry(3)))

    journal.abandon()
    assert found(tmp_path) == rows(3)


def test_a_line_that_was_not_finished_is_left_out(tmp_path: Path) -> None:
    filled(tmp_path, 1, 2).abandon()
    [path] = tmp_path.glob("*.journal")
    path.write_bytes(path.read_bytes() + b"no row\n" + b'{"id": "half')

    assert found(tmp_path) == rows(1, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_can_t_be_written_fails_no_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    filled(tmp_path / "file" / "spool", 1, 2).abandon()
    filled(tmp_path, 1).abandon()
    Journal(None).add(row_of(entry(1)))

    assert found(tmp_path) == rows(1)


def test_a_ledger_that_is_written_leaves_no_file(tmp_path: Path) -> None:
    place, folder = tmp_path / "ledger.sqlite", tmp_path / "spool"
    ledger = Ledger(place, spool=folder)
    ledger.keep_journal()
    for number in range(10):
        ledger.add(entry(number))
    assert len([*folder.rglob("*.journal")]) == 1
    ledger.end()

    assert len([*entries(place)]) == 10
    assert [*folder.rglob("*.journal")] == []


def test_a_forked_child_leaves_the_parent_s_file_alone(tmp_path: Path) -> None:
    place, folder = tmp_path / "ledger.sqlite", tmp_path / "spool"
    keep(place, entry(50))
    ledger = Ledger(place, spool=folder)
    ledger.keep_journal()
    ledger.add(entry(1))
    ledger.fork()
    child = os.fork()
    if child == 0:
        ledger.forked()
        ledger.add(entry(2))
        ledger.end()
        os._exit(0)
    ledger.has_forked()
    os.waitpid(child, 0)
    ledger.end()

    assert [each.id for each in entries(place)] == [entry(number).id for number in (1, 2, 50)]
    assert [*folder.rglob("*.journal")] == []
