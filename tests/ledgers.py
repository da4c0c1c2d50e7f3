"""Ledger entries for tests, and a PostgreSQL server for those that need one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.events import Usage
from llmring.ledger.entry import LedgerEntry, LoggedAttempt
from llmring.ledger.reader import entries
from llmring.ledger.writer import Ledger

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def entry(number: int = 0, **more: Any) -> LedgerEntry:
    """Build an entry; its time is that number of seconds after noon."""
    fields: dict[str, Any] = {
        "id": f"{number:015x}",
        "at": NOON + timedelta(seconds=number),
        "kind": "chat",
        "alias": "fast",
        "profile": "default",
        "model": "openai:gpt-4o-mini",
        "usage": Usage(prompt_tokens=10, completion_tokens=2),
        "cost": Decimal("0.0000027"),
        "ms": 100.0,
        "attempts": 1,
        "story": (LoggedAttempt("openai:gpt-4o-mini", "ok", 99.5, 200),),
    }
    return LedgerEntry(**{**fields, **more})


def keep(place: Path | str, *kept: LedgerEntry) -> None:
    """Write these entries and wait until they are stored."""
    ledger = Ledger(place)
    for each in kept:
        ledger.add(each)
    ledger.end()


def wait_for(place: Path | str, count: int, seconds: float = 10) -> list[LedgerEntry]:
    """Wait until the ledger has this number of entries, and return them."""
    until = time.monotonic() + seconds
    while len(found := list(entries(place))) < count and time.monotonic() < until:
        time.sleep(0.02)
    return found


def _program(name: str) -> str | None:
    places = [shutil.which(name), *map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return next((place for place in places if place and Path(place).resolve().exists()), None)


class PostgresServer:
    """A PostgreSQL server for tests, on a free port, without durability."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"postgresql://keeper:s3cret-0123456789@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def obstacle() -> str | None:
        """Return the reason why no server can be started here, or None."""
        if _program("initdb") is None or _program("postgres") is None:
            return "PostgreSQL is not installed; run apt-get install postgresql"
        if os.geteuid() == 0 and shutil.which("setpriv") is None:
            return "PostgreSQL does not run as root; run apt-get install util-linux for setpriv"
        return None

    def start(self) -> None:
        password = self._folder.parent / "password"
        password.write_text("s3cret-0123456789")
        if os.geteuid() == 0:
            os.chown(self._folder.parent, 65534, 65534)
            os.chown(password, 65534, 65534)
        self._run(
            *("initdb", "-D", str(self._folder), "-U", "keeper", "-A", "scram-sha-256"),
            *("--pwfile", str(password), "--no-sync", "-E", "UTF8", "--locale=C"),
        ).wait(60)
        self._process = self._run(
            *("postgres", "-D", str(self._folder), "-h", "127.0.0.1", "-p", str(self.port)),
            *("-k", "", "-c", "fsync=off"),
        )
        until = time.monotonic() + 30
        while not self._is_up():
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            # After SIGTERM it would wait for all clients to disconnect.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def _is_up(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        place = _program(program)
        assert place is not None
        as_nobody = (
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *("env", "HOME=/", "LC_ALL=C"),
        )
        return subprocess.Popen(
            [*(as_nobody if os.geteuid() == 0 else ()), place, *words],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server; skip the test where there is none."""
    obstacle = PostgresServer.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    # Outside of pytest's own folder, which the server's user may not enter.
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder))
        server.start()
        yield server
        server.stop()
