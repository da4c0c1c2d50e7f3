"""The ledger's SQLite file: its permissions, locks, versions and damage."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ledgers import entry
from llmring.ledger import sqlite
from llmring.ledger.columns import TABLE, row_of
from llmring.ledger.migrations import VERSION
from llmring.ledger.sqlite import SqliteStore
from llmring.ledger.store import LedgerUnusableError

COUNT = f"SELECT COUNT(*) FROM {TABLE}"  # noqa: S608


def store_with(path: Path, *numbers: int) -> SqliteStore:
    store = SqliteStore(path)
    store.write([row_of(entry(number)) for number in numbers])
    store.close()
    return store


def count(store: SqliteStore) -> int:
    [(number,)] = store.query(COUNT, ())
    return int(number)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_file_and_the_folder_made_for_it_are_for_the_user_alone(path: Path) -> None:
    store_with(path, 1)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_ledger_keeps_the_version_of_its_table(path: Path) -> None:
    store_with(path, 1)

    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.close()


def test_more_rows_than_one_statement_takes_are_all_inserted(path: Path) -> None:
    assert count(store_with(path, *range(1500))) == 1500


def test_no_rows_are_nothing_to_insert(path: Path) -> None:
    assert count(store_with(path)) == 0


def test_a_file_that_another_process_has_locked_is_a_passing_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    store_with(path, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = SqliteStore(path)

    with pytest.raises(LedgerUnusableError, match="locked") as caught:
        store.write([row_of(entry(2))])

    assert caught.value.passing
    assert count(store) == 1
    other.execute("ROLLBACK")
    other.close()
    store.write([row_of(entry(2))])
    store.close()
    assert count(store) == 2


def test_a_file_of_another_kind_is_an_error_that_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("These are the times that try men's souls. " * 99)
    store = SqliteStore(path)

    with pytest.raises(LedgerUnusableError, match="not a database; move the file away") as caught:
        store.write([row_of(entry(1))])
    with pytest.raises(LedgerUnusableError, match="not a database; move the file away"):
        count(store)

    assert not caught.value.passing


def test_a_file_of_another_kind_does_not_stay_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_text("These are the times that try men's souls. " * 99)
    opened = [sqlite._connected(path, "mode=ro")]
    monkeypatch.setattr(sqlite, "_connected", lambda path, query: opened[0])

    with pytest.raises(LedgerUnusableError, match="not a database"):
        count(SqliteStore(path))

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_folder_in_place_of_the_file_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(LedgerUnusableError, match="it is a folder"):
        count(SqliteStore(path))
    with pytest.raises(LedgerUnusableError):
        SqliteStore(path).write([row_of(entry(1))])


def test_a_newer_ledger_is_neither_read_nor_changed(path: Path) -> None:
    store = store_with(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")

    with pytest.raises(LedgerUnusableError, match="upgrade llmring"):
        store.write([row_of(entry(2))])
    with pytest.raises(LedgerUnusableError, match="upgrade llmring"):
        count(store)

    assert connection.execute(COUNT).fetchone() == (1,)
    connection.close()


def test_an_empty_file_has_no_rows_and_becomes_a_ledger_when_written(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    assert list(SqliteStore(path).query(COUNT, ())) == []
    assert count(store_with(path, 1)) == 1


def test_reading_changes_nothing(path: Path) -> None:
    store = store_with(path, 1)

    with pytest.raises(LedgerUnusableError, match="readonly"):
        list(store.query(f"DELETE FROM {TABLE}", ()))  # noqa: S608

    assert count(store) == 1


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_ledger_in_a_folder_that_can_t_be_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "llmring"
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    program = "from llmring import LLMRing; LLMRing().chat('mock:echo', 'Hi').result()"
    command = [sys.executable, "-c", program]
    subprocess.run(command, env={**os.environ, **state}, check=True)
    (folder / "ledger.sqlite").chmod(0o444)
    folder.chmod(0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "state").chmod(0o755)
    # Root may write everywhere, so become another user.
    other = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"] * (os.geteuid() == 0)

    done = subprocess.run(
        [*other, sys.executable, "-m", "llmring", "stats", "--json"],
        env={**os.environ, **state},
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o755)

    assert done.returncode == 0, done.stderr
    assert '"calls": 1' in done.stdout
