"""Calls that a process could not write to the ledger before it ended."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import answers
from ledgers import PostgresServer, entry, keep, running_postgres
from llmring.ledger.columns import row_of
from llmring.ledger.reader import entries
from llmring.ledger.spool import Spool
from llmring.ledger.writer import Ledger
from loopback import Loopback
from rings import run_program, start_program

PLACE = "postgresql://keeper:s3cret-0123456789@db.example/ledger"


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with Loopback(answers.openai("fine")) as server:
        yield server


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server that a test may stop and start again."""
    with running_postgres() as server:
        yield server


def spooled(tmp_path: Path) -> list[Path]:
    """Return the spool files in the state folder that tests use."""
    return [*(tmp_path / "state" / "llmring" / "spool").rglob("*.jsonl")]


def counted(url: Path | str) -> int:
    return len([*entries(url)])


def test_calls_that_a_locked_database_refuses_are_written_by_the_next_process(
    postgres: str, vendor: Loopback, tmp_path: Path
) -> None:
    import psycopg

    env = {"LLMRING_LEDGER_URL": postgres}
    run_program("ring.chat(MODEL, 'a').content", vendor, env)
    with psycopg.connect(postgres) as locking:
        locking.execute("LOCK TABLE llmring_calls IN ACCESS EXCLUSIVE MODE")
        with start_program("for _ in range(3): ring.chat(MODEL, 'b').content", vendor, env) as one:
            _, warned = one.communicate(timeout=40)
    assert one.returncode == 0

    assert "before 3 calls were written to the ledger postgresql://" in warned
    [path] = spooled(tmp_path)
    assert str(path) in warned
    assert len(path.read_text().splitlines()) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "s3cret" not in warned + path.read_text()

    _, warned, _ = run_program("ring.chat(MODEL, 'c').content", vendor, env)

    assert warned == ""
    assert counted(postgres) == 5
    assert spooled(tmp_path) == []


def test_calls_that_a_database_misses_because_it_is_gone_are_written_by_the_next_process(
    mortal_server: PostgresServer, vendor: Loopback, tmp_path: Path
) -> None:
    env = {"LLMRING_LEDGER_URL": mortal_server.url}
    code = """
ring.chat(MODEL, 'a').content
time.sleep(1.5)
print('written', flush=True)
sys.stdin.readline()
for _ in range(2): ring.chat(MODEL, 'b').content
"""
    with start_program(code, vendor, env) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "written\n"
        mortal_server.stop()
        _, warned = one.communicate("go\n", timeout=40)

    assert "before 2 calls were written to the ledger" in warned
    assert len(spooled(tmp_path)) == 1
    mortal_server.start()
    run_program("ring.chat(MODEL, 'c').content", vendor, env)
    assert counted(mortal_server.url) == 4
    assert spooled(tmp_path) == []


def test_calls_that_a_locked_file_refuses_are_written_by_the_next_process(
    vendor: Loopback, tmp_path: Path
) -> None:
    place = tmp_path / "ledger.sqlite"
    env = {"LLMRING_LEDGER_URL": f"sqlite://{place}"}
    keep(place, entry(0))
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _, warned, code = run_program("ring.chat(MODEL, 'a').content", vendor, env)

    assert code == 0
    assert "before 1 calls were written" in warned
    run_program("ring.chat(MODEL, 'b').content", vendor, env)
    assert counted(place) == 3
    assert spooled(tmp_path) == []


def test_without_a_spool_the_warning_counts_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file, so no folder")
    for spool in (None, tmp_path / "state" / "spool"):
        ledger = Ledger(tmp_path / "state" / "ledger.sqlite", spool=spool)
        ledger.add(entry(1))
        ledger.end()

    assert caplog.text.count("before 1 calls were written") == 2
    assert caplog.text.count("they are lost") == 2


def test_rows_are_kept_by_name_and_found_again_after_a_change_of_the_password(
    tmp_path: Path,
) -> None:
    rows = [row_of(entry(number, answer="Zürich\n")) for number in range(3)]
    path = Spool(tmp_path, PLACE).keep(rows)

    [(found, read)] = Spool(tmp_path, PLACE.replace("s3cret", "other")).files()

    assert (found, [*map(tuple, read)]) == (path, rows)
    assert [*Spool(tmp_path, "postgresql://db.example/another").files()] == []


@pytest.mark.parametrize("text", ["no JSON\n", '{"i', '{"id": "1"}\n', "[]\n"])
def test_a_file_that_holds_no_rows_is_set_aside_with_a_warning_and_blocks_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    place = tmp_path / "ledger.sqlite"
    path = Spool(tmp_path / "spool", place).keep([row_of(entry(0))])
    path.write_text(text)
    os.utime(path, ns=(0, 0))
    Spool(tmp_path / "spool", place).keep([row_of(entry(2))])

    for number in (1, 3):
        ledger = Ledger(place, spool=tmp_path / "spool")
        ledger.add(entry(number))
        ledger.end()

    assert counted(place) == 3
    [left] = path.parent.iterdir()
    assert (left, left.read_text()) == (path.with_suffix(".bad"), text)
    assert len(caplog.records) == 1
    assert str(left) in caplog.text


def test_a_file_that_vanishes_before_it_is_read_is_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLACE)
    path = spool.keep([row_of(entry(0))])
    path.with_name("gone.jsonl").symlink_to(tmp_path / "nothing")

    assert [found for found, _ in spool.files()] == [path]


WRITE_ONE = """
import sys
from pathlib import Path
from ledgers import entry
from llmring.ledger.writer import Ledger
ledger = Ledger(Path(sys.argv[1]), spool=Path(sys.argv[2]))
ledger.add(entry(int(sys.argv[3])))
ledger.end()
"""


def test_processes_that_take_up_a_spool_at_once_write_each_call_once(tmp_path: Path) -> None:
    place, folder = tmp_path / "ledger.sqlite", tmp_path / "spool"
    for start in range(0, 300, 100):
        Spool(folder, place).keep([row_of(entry(start + number)) for number in range(100)])

    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_ONE, str(place), str(folder), str(1000 + at)],
            cwd=Path(__file__).parents[1],
        )
        for at in range(4)
    ]

    assert [worker.wait(30) for worker in workers] == [0] * 4
    assert counted(place) == 304
    assert [*folder.rglob("*.jsonl")] == []
