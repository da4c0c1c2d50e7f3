"""Calls while the ledger's database is gone: none waits, none is lost, none counts twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledgers import PostgresServer, entry, running_postgres, wait_for
from llmring.ledger import writer
from llmring.ledger.columns import row_of
from llmring.ledger.daily_report import DayFilter, daily_total, daily_totals
from llmring.ledger.reader import entries
from llmring.ledger.spool import Spool
from llmring.ledger.writer import Ledger


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server that a test may stop and start again."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between retries."""
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.02)
    monkeypatch.setattr(writer, "BLIND_GATHER_SECONDS", 0.05)
    monkeypatch.setattr(writer, "_FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(writer, "_LONGEST_PAUSE_SECONDS", 0.2)


# Writes rows as calls do, and prints the longest time that one took, in milliseconds.
WRITER = """
import sys, time
from pathlib import Path
from ledgers import NOON, entry
from llmring.ledger import writer
from llmring.ledger.columns import row_of
from llmring.ledger.process_ledger import ledger_at
place, folder, name, seconds = sys.argv[1:]
writer._FIRST_PAUSE_SECONDS = writer._LONGEST_PAUSE_SECONDS = 0.5
ledger = ledger_at(place, Path(folder))
longest, number, until = 0.0, 0, time.monotonic() + float(seconds)
while time.monotonic() < until:
    row = row_of(entry(number, id=f"{name}-{number:06}"))
    began = time.perf_counter()
    ledger.add_row(row)
    longest = max(longest, time.perf_counter() - began)
    number += 1
    print(number, flush=True)
    time.sleep(0.004)
print("longest", longest * 1000, flush=True)
"""


def start(place: str, folder: Path, name: str, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, place, str(folder), name, str(seconds)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ids(server: PostgresServer) -> list[str]:
    return [each.id for each in entries(server.url)]


def test_g130_calls_go_on_while_the_database_restarts_and_are_reported_once(
    mortal_server: PostgresServer, tmp_path: Path
) -> None:
    programs = [start(mortal_server.url, tmp_path, name, 4.5) for name in "ab"]
    victim = start(mortal_server.url, tmp_path, "victim", 60)
    time.sleep(1.2)
    mortal_server.stop()
    time.sleep(2.2)
    # What the process has done until two seconds ago is safe.
    victim.send_signal(signal.SIGKILL)
    made = int(victim.communicate()[0].split()[-1])
    mortal_server.start()
    ended = [program.communicate(timeout=30) for program in programs]

    for out, _ in ended:
        assert float(out.split()[-1]) < 50
    again = start(mortal_server.url, tmp_path, "again", 0.1)
    again.communicate(timeout=30)
    found = ids(mortal_server)
    counts = {
        name: len([each for each in found if each.startswith(f"{name}-")])
        for name in ("a", "b", "victim", "again")
    }
    for name, (out, _) in zip("ab", ended, strict=True):
        assert counts[name] == int(out.split()[-3])
    assert made - 2.5 / 0.004 <= counts["victim"] <= made + 1
    assert counts["victim"] > 1.5 / 0.01
    assert len(found) == len(set(found)) == sum(counts.values())
    assert daily_total(mortal_server.url, DayFilter()).calls == len(found)
    assert [*tmp_path.rglob("*.jsonl")] == []


def test_g130_calls_are_in_files_while_the_ledger_is_gone_and_then_in_it(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file, so no folder")
    place = tmp_path / "state" / "ledger.sqlite"
    ledger = Ledger(place, spool=tmp_path / "spool")
    for number in range(3):
        ledger.add(entry(number))
        time.sleep(0.15)
    files = [*(tmp_path / "spool").rglob("*.jsonl")]
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]

    assert {line["id"] for line in lines} == {entry(number).id for number in range(3)}
    assert ledger.pending == 3
    (tmp_path / "state").unlink()
    assert wait_for(place, 3) == [entry(number) for number in range(3)]
    while ledger.pending:
        time.sleep(0.01)
    assert [*(tmp_path / "spool").rglob("*.jsonl")] == []
    assert daily_total(place, DayFilter()).calls == 3
    assert caplog.text.count("can't write calls to the ledger") == 1
    ledger.end()


def test_each_outage_is_told_once(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "state" / "ledger.sqlite"
    ledger = Ledger(place, spool=tmp_path / "spool")
    for outage in range(2):
        (tmp_path / "state").write_text("a file, so no folder")
        ledger.add(entry(10 * outage))
        time.sleep(0.3)
        ledger.add(entry(10 * outage + 1))
        time.sleep(0.2)
        (tmp_path / "state").unlink()
        wait_for(place, 2)
        while ledger.pending:
            time.sleep(0.01)
        place.unlink()
        (tmp_path / "state" / "ledger.sqlite-wal").unlink(missing_ok=True)
        (tmp_path / "state" / "ledger.sqlite-shm").unlink(missing_ok=True)
        ledger._store.close()
        (tmp_path / "state").rmdir()

    assert caplog.text.count("can't write calls to the ledger") == 2
    ledger.end()


def test_a_process_that_ends_in_an_outage_names_all_its_calls(
    tmp_path: Path, hasty: None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file, so no folder")
    ledger = Ledger(tmp_path / "state" / "ledger.sqlite", spool=tmp_path / "spool")
    for number in range(4):
        ledger.add(entry(number))
        time.sleep(0.1)
    ledger.end()

    assert "before 4 calls were written" in caplog.text
    (tmp_path / "state").unlink()
    other = Ledger(tmp_path / "state" / "ledger.sqlite", spool=tmp_path / "spool")
    other.add(entry(9))
    other.end()
    assert len([*entries(tmp_path / "state" / "ledger.sqlite")]) == 5


def test_the_files_of_a_long_outage_become_few(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    spool = Spool(tmp_path / "spool", place)
    for number in range(200):
        spool.keep([row_of(entry(number))])

    files = [path for path, _ in spool.files()]
    assert len(files) < 70
    assert set(files) == set(spool.own)
    assert sum(spool.own.values()) == 200
    assert len({row[0] for _, rows in spool.files(own=True) for row in rows}) == 200
    assert [*Spool(tmp_path / "spool", place).files(own=True)] == []


def test_calls_written_twice_count_once_in_the_sums(place: Path | str, tmp_path: Path) -> None:
    first = Ledger(place)
    for number in range(5):
        first.add(entry(number, alias="first"))
    first.end()
    spool = Spool(tmp_path / "spool", place)
    spool.keep([row_of(entry(number, alias="first")) for number in range(3, 8)])

    ledger = Ledger(place, spool=tmp_path / "spool")
    ledger.add(entry(20, alias="second"))
    ledger.end()

    found = {each.name: each.calls for each in daily_totals(place, DayFilter(), "alias")}
    assert found == {"first": 8, "second": 1}
    assert os.listdir(spool.folder) == []  # noqa: PTH208
