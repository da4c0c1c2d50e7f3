"""No entry is lost and no call waits, whatever happens to the process and the disk."""

import logging
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledgers import entry, keep, wait_for
from llmring.ledger import sqlite, writer
from llmring.ledger.entry import LoggedAttempt
from llmring.ledger.postgres import LOCK
from llmring.ledger.reader import entries
from llmring.ledger.writer import Ledger

PREAMBLE = """
import multiprocessing, os, pathlib, sys, threading, time
from ledgers import entry
from llmring.ledger.process_ledger import ledger_at
place = sys.argv[1]
ledger = ledger_at(place if "://" in place else pathlib.Path(place))
def fill(count):
    for number in range(count):
        ledger.add(entry(number, id=ledger.new_id(number)))
"""


def start(code: str, place: Path | str) -> "subprocess.Popen[str]":
    """Start a process that runs this code, with `ledger` and `fill` defined."""
    return subprocess.Popen(
        # os.fork() in a process with threads warns from Python 3.12 on.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + code, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"},
    )


def run(code: str, place: Path | str) -> str:
    """Run a process and return its stderr."""
    with start(code, place) as process:
        try:
            return process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def test_eight_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path, each = tmp_path / "ledger.sqlite", 5000

    programs = [start(f"sys.stdin.readline(); fill({each})", path) for _ in range(8)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    errors = [program.communicate(timeout=60)[1] for program in programs]

    assert errors == [""] * 8
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT COUNT(*), COUNT(DISTINCT id) FROM llmring_calls")
        assert found.fetchone() == (8 * each, 8 * each)
    connection.close()


def test_processes_that_make_the_same_ledger_at_once_lose_nothing(place: Path | str) -> None:
    programs = [start("fill(50)", place) for _ in range(3)]
    errors = [program.communicate(timeout=60)[1] for program in programs]

    assert errors == [""] * 3
    assert len(list(entries(place))) == 150


def test_processes_that_wait_for_another_to_make_the_tables_use_them(postgres: str) -> None:
    import psycopg

    waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(postgres, autocommit=True) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        programs = [start("fill(50)", postgres) for _ in range(3)]
        until = time.monotonic() + 30
        while connection.execute(waiting).fetchone() != (3,) and time.monotonic() < until:
            time.sleep(0.02)
    errors = [program.communicate(timeout=60)[1] for program in programs]

    assert errors == [""] * 3
    assert len(list(entries(postgres))) == 150


IN_A_FORK = """
fill(10)
time.sleep({pause})
child = os.fork()
fill(10)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


# The modules of a database's driver take their time, as they do on a busy machine.
SLOW_IMPORTS = """
class Slow:
    def find_spec(self, name, path, target=None):
        if name in ("psycopg", "sqlite3"):
            time.sleep(1)

sys.meta_path.insert(0, Slow())
"""


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("fill(10)", 10),
        ("fill(10); sys.exit(3)", 10),
        ("fill(10); raise RuntimeError", 10),
        ("thread = threading.Thread(target=fill, args=[10]); thread.start(); fill(10)", 20),
        (IN_A_FORK.format(pause=0), 30),
        (IN_A_FORK.format(pause=0.5), 30),
        (SLOW_IMPORTS + IN_A_FORK.format(pause=0.5), 30),
    ],
)
def test_a_process_that_ends_loses_nothing(place: Path | str, code: str, count: int) -> None:
    run(code, place)

    assert len(list(entries(place))) == count


def test_a_call_that_is_made_while_the_interpreter_exits_is_entered(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    # Handlers run in reverse order: this one runs after the ledger has ended.
    code = "import atexit; ledger_at.cache_clear(); atexit.register(lambda: fill(7))\n"

    assert run(code + "ledger = ledger_at(pathlib.Path(place)); fill(3)", path) == ""
    assert len(list(entries(path))) == 10


def test_a_child_of_multiprocessing_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    code = (
        "context = multiprocessing.get_context('fork')\n"
        "fill(10)\n"
        "children = [context.Process(target=fill, args=[10]) for _ in range(3)]\n"
        "[child.start() for child in children]\n"
        "[child.join() for child in children]\n"
    )

    assert run(code, path) == ""
    assert len(list(entries(path))) == 40


def test_a_process_that_is_killed_loses_at_most_the_last_second(place: Path | str) -> None:
    with start("fill(500); time.sleep(1); print(flush=True); fill(9); time.sleep(60)", place) as it:
        assert it.stdout is not None
        it.stdout.readline()
        it.send_signal(signal.SIGKILL)
        it.communicate(timeout=30)

    assert len(list(entries(place))) >= 500
    keep(place, entry(10**6))
    assert list(entries(place, limit=1)) == [entry(10**6)]


def test_the_file_and_its_folder_are_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "llmring" / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add(entry())
    wait_for(path, 1)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    ledger.end()

    assert set(modes) == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_entries_are_written_soon_while_the_process_runs(place: Path | str) -> None:
    ledger = Ledger(place)
    for number in range(3):
        ledger.add(entry(number))
        assert len(wait_for(place, number + 1)) == number + 1
    ledger.end()


def test_an_idle_ledger_ends_its_thread_and_restarts_it_for_the_next_call(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.02)
    others = {*threading.enumerate()}
    ledger = Ledger(place)
    for number in range(3):
        ledger.add(entry(number))
        began = {*threading.enumerate()} - others
        [thread] = [each for each in began if each.name == writer.THREAD]
        thread.join(10)
        assert not thread.is_alive()

    assert len(list(entries(place))) == 3
    ledger.end()


def test_calls_that_come_just_as_a_ledger_falls_idle_are_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0)
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.0005)
    ledger = Ledger(path)
    for number in range(300):
        ledger.add(entry(number))
        time.sleep(0.001)

    assert len(wait_for(path, 300)) == 300
    ledger.end()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between retries."""
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(writer, "_FIRST_PAUSE_SECONDS", 0.02)


def test_writing_to_a_locked_file_is_retried(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger.sqlite"
    keep(path, entry(0))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger = Ledger(path)
    ledger.add(entry(1))
    time.sleep(0.1)
    other.execute("COMMIT")
    other.close()

    assert len(wait_for(path, 2)) == 2
    ledger.end()
    assert caplog.text == ""


def test_a_ledger_that_can_t_be_written_logs_one_warning(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file")
    ledger = Ledger(tmp_path / "state" / "ledger.sqlite")
    for number in range(5):
        ledger.add(entry(number))
        time.sleep(0.05)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "can't write calls to the ledger" in caplog.text
    assert "LLMRING_LEDGER=0" in caplog.text
    (tmp_path / "state").unlink()
    assert len(wait_for(tmp_path / "state" / "ledger.sqlite", 5)) == 5
    ledger.end()


def test_a_full_disk_logs_one_warning_and_calls_continue(tmp_path: Path) -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "for _ in range(3): fill(500); time.sleep(0.3)\n"
        "print('done')\n"
    )
    with start(code, tmp_path / "ledger.sqlite") as process:
        out, err = process.communicate(timeout=30)

    assert (out, process.returncode) == ("done\n", 0)
    assert err.count("can't write calls") == 1
    assert err.count("the process ends before") == 1
    assert len(err.splitlines()) == 2


def test_beyond_the_queue_s_limit_the_oldest_entries_are_dropped(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file")
    path = tmp_path / "state" / "ledger.sqlite"
    ledger = Ledger(path, most=100)
    for number in range(1000):
        ledger.add(entry(number))
    time.sleep(0.1)
    (tmp_path / "state").unlink()
    wait_for(path, 100)
    ledger.end()

    assert list(entries(path)) == [entry(number) for number in range(900, 1000)]
    assert caplog.text.count("more than 100 calls are queued for the ledger") == 1


def test_without_psycopg_the_warning_names_the_extra(tmp_path: Path) -> None:
    code = "sys.modules['psycopg'] = None\nfill(3)\n"

    errors = run(code, "postgresql://keeper:s3cret-0123456789@127.0.0.1:1/postgres")

    assert errors.count('pip install "llmring[postgres]"') == 1
    assert "s3cret" not in errors


def test_ids_of_one_moment_are_unique_and_in_order(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "a"), Ledger(tmp_path / "a")

    ids = [one.new_id(1), one.new_id(1), one.new_id(2)]

    assert ids == sorted(set(ids))
    assert other.new_id(1) not in ids


def test_a_name_that_a_database_refuses_is_cleaned_and_entered(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")

    ledger.add(entry(model="openai:x\ud800", story=(LoggedAttempt("openai:x\ud800", "failed"),)))
    ledger.end()

    [call] = entries(tmp_path / "ledger.sqlite")
    assert call.model == call.story[0].model == "openai:x?"
