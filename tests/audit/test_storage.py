"""The checks of the ledger, and of the Redis that processes share."""

import contextlib
import socket
import sqlite3
from pathlib import Path

import pytest

from audit import checkup
from audit.checkup import SOUND
from cli.terminal import write
from ledgers import entry, keep
from llmring.audit.machine import CheckResult
from llmring.audit.storage import PLACES


@pytest.fixture(autouse=True)
def _sound() -> None:
    write(SOUND)


def finding(name: str) -> CheckResult:
    [only] = checkup.findings(PLACES, name)
    return only


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the path of the ledger, which does not exist yet."""
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{path}")
    return path


def test_a_ledger_that_is_off_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_LEDGER", "0")

    assert finding("ledger") == CheckResult("ledger", "ok", "off; calls are not recorded")


def test_a_ledger_in_a_database_server_is_not_contacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_LEDGER_URL", "postgresql://u:hunter2@db.example/ledger")

    result = finding("ledger")

    assert (result.state, "not contacted" in result.message) == ("ok", True)
    assert "hunter2" not in result.message


def test_a_ledger_that_does_not_exist_yet_is_sound(place: Path) -> None:
    assert finding("ledger") == CheckResult("ledger", "ok", f"{place}, no calls yet")
    assert not place.exists()


def test_a_ledger_with_calls_is_shown_with_its_size(place: Path) -> None:
    keep(place, entry())

    size = f"{place.stat().st_size / 1024:,.0f}"
    assert finding("ledger") == CheckResult("ledger", "ok", f"{place}, {size} kB")


def test_a_database_without_the_tables_of_a_ledger_is_sound(place: Path) -> None:
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE anything (a)")

    assert finding("ledger").state == "ok"


def test_a_ledger_that_cannot_be_created_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{tmp_path}/file/ledger.sqlite")

    result = finding("ledger")

    assert (result.state, "can't be created" in result.message) == ("warn", True)
    assert "LLMRING_LEDGER_URL" in (result.fix or "")


@pytest.mark.parametrize("kind", ["a text", "a folder"])
def test_a_file_that_is_not_a_ledger_is_reported(place: Path, kind: str) -> None:
    if kind == "a folder":
        place.mkdir()
    else:
        place.write_text("no database " * 100)

    result = finding("ledger")

    assert result.state == "warn"
    assert result.message.startswith("calls are not recorded: ")
    assert "LLMRING_LEDGER_URL" in result.message


def test_without_a_shared_redis_each_process_has_its_own_circuits() -> None:
    result = finding("redis")

    assert (result.state, "not configured" in result.message) == ("ok", True)


def test_an_unreachable_redis_is_reported_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("redis", reason="the extra redis is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("LLMRING_REDIS_URL", f"redis://:hunter2@127.0.0.1:{port}")

    result = finding("redis")

    assert (result.state, "can't be reached" in result.message) == ("warn", True)
    assert "hunter2" not in result.message
