"""A worker: how it starts, what it does on orders and signals, and its end without a parent."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from gateway_process import is_running
from llmring.cli.commands.serve_worker import command
from llmring.gateway.serve import PreparedGateway, ServeOptions, prepare
from llmring.gateway.workers.messages import DRAIN, FORCE, LEAVE, WorkerStart
from llmring.gateway.workers.worker_process import WorkerProcess
from llmring.ledger.reader import entries
from served_gateway import ServedGateway, eventually, read_all
from supervised_gateway import is_whole, question, slow_model

AWAY = '\n[providers.mine]\nbase_url = "https://x.example/v1"\napi_key_env = "MINE"\n'
ONE = lockfile_of(default={"fast": ["mock:echo"]})


class OneWorker(ServedGateway):
    """A worker that the test watches.

    Args:
        process: The worker.
        prepared: Its gateway.
    """

    def __init__(self, process: WorkerProcess, prepared: PreparedGateway) -> None:
        self.process = process
        self.port = prepared.door.getsockname()[1]
        prepared.close()

    def close(self) -> None:
        self.process.kill()
        self.process.reap()

    def ends(self, seconds: float = 20) -> bool:
        """Wait for the end of the worker."""
        return eventually(lambda: not self.read(0.05), seconds)

    def read(self, seconds: float) -> bool:
        return not select.select([self.process], [], [], seconds)[0] or self.process.read()

    def stream(self) -> socket.socket:
        """Begin a stream."""
        opened = self.connect()
        opened.settimeout(30)
        opened.sendall(question())
        assert opened.recv(1, socket.MSG_PEEK) == b"H"
        return opened


@contextmanager
def started(
    model: str = "mock:echo",
    *,
    text: str = "",
    later: str = "",
    lockfile: str = "",
    delay: float = 0.0,
    program: Sequence[str] = (),
) -> Iterator[OneWorker]:
    """Start a worker, and wait until it is ready or has ended.

    Args:
        model: The model of its alias.
        text: The lockfile, if it is another one.
        later: What is written to the lockfile before the worker reads it.
        lockfile: The path that the worker is given, if it is not the right one.
        delay: The delay before its end.
        program: The command that starts it, if it is another one.
    """
    write(text or lockfile_of(default={"fast": [model]}))
    prepared = prepare(ServeOptions(port=0, drain_delay=delay))
    if later:
        write(later)
    start = WorkerStart(
        options=prepared.options,
        lockfile=lockfile or str(prepared.live.now().ring.lockfile_path),
        agreed=prepared.live.agreed,
        door=prepared.door.fileno(),
        memory=None,
    )
    with OneWorker(WorkerProcess(program or command(), start), prepared) as found:
        eventually(lambda: not found.read(0.05) or found.process.is_ready, 30)
        yield found


def test_g175_a_worker_reports_again_and_again() -> None:
    with started() as found:
        assert found.process.is_ready
        assert found.ask("GET", "/healthz").status == 200
        for _ in range(2):
            assert select.select([found.process], [], [], 10)[0]
            assert found.process.read()


def test_g175_a_worker_that_cannot_read_the_lockfile_reports_why() -> None:
    with started(later="version = ") as found:
        assert found.ends()
        assert found.process.failure is not None
        assert "llmring.lock:1" in found.process.failure
        assert found.process.reap() == 1


def test_g125_a_worker_serves_no_other_lockfile_than_its_parent() -> None:
    with started(lockfile="/elsewhere/llmring.lock") as found:
        assert found.ends()
        assert found.process.failure is not None
        assert "/elsewhere/llmring.lock" in found.process.failure


def test_g125_a_worker_needs_consent_for_settings_that_its_parent_did_not_have() -> None:
    with started(later=ONE + AWAY) as found:
        assert found.ends()
        assert found.process.failure is not None
        assert "llmring trust" in found.process.failure
    with started(text=ONE + AWAY) as found:
        assert found.process.is_ready


def test_g174_a_worker_without_a_parent_ends() -> None:
    with started(slow_model(3600)) as found, found.stream() as opened:
        begun = time.monotonic()
        # As when the parent is killed.
        found.process._channel.close()

        assert not is_whole(read_all(opened))
        assert eventually(lambda: not is_running(found.process.pid), 10)
        # A second on an idle machine.
        assert time.monotonic() - begun < 5


def test_g174_a_worker_whose_loop_is_held_up_ends_without_a_parent_too() -> None:
    code = (
        "import signal, sys, time; from llmring.gateway.workers.worker import run_worker; "
        "signal.signal(signal.SIGALRM, lambda *_: time.sleep(3600)); run_worker(int(sys.argv[1]))"
    )
    with started(program=[sys.executable, "-c", code]) as found:
        assert found.process.is_ready
        os.kill(found.process.pid, signal.SIGALRM)
        time.sleep(0.2)
        found.process._channel.close()

        assert eventually(lambda: not is_running(found.process.pid), 20)


def test_g174_a_worker_drains_on_sigterm_and_a_second_one_changes_nothing() -> None:
    with started(slow_model(1.5)) as found, found.stream() as opened:
        for _ in range(3):
            os.kill(found.process.pid, signal.SIGTERM)
            time.sleep(0.1)
        found.process.order(DRAIN)

        assert is_whole(read_all(opened))
        assert found.ends()
        assert found.process.reap() == 0


def test_g174_signals_for_the_parent_do_not_end_a_worker() -> None:
    with started() as found:
        for each in (signal.SIGINT, signal.SIGUSR2, signal.SIGHUP):
            os.kill(found.process.pid, each)
        time.sleep(0.3)

        assert found.ask("GET", "/readyz").status == 200


def test_g174_a_worker_that_leaves_does_not_wait_for_the_delay() -> None:
    with started(delay=3600) as found:
        found.process.order(DRAIN)
        assert eventually(lambda: found.ask("GET", "/readyz").status == 503)
        found.process.order(LEAVE)

        assert found.ends()


def test_g174_a_worker_ends_its_streams_when_it_has_to_end_now() -> None:
    with started(slow_model(3600)) as found, found.stream() as opened:
        found.process.order(FORCE)

        assert read_all(opened).endswith(b"0\r\n\r\n")
        assert found.ends()
        assert found.process.reap() == 0


def test_g132_the_parent_waits_for_the_last_records_of_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("llmring.gateway.workers.worker_process._REAP_SECONDS", 0.5)
    code = (
        "import atexit, sys, time; from llmring.gateway.workers.worker import run_worker; "
        "atexit.register(time.sleep, 2); sys.exit(run_worker(int(sys.argv[1])))"
    )
    with started(program=[sys.executable, "-c", code]) as found:
        found.process.order(LEAVE)

        assert found.ends()
        assert found.process.reap() == 0


def test_g132_what_a_worker_has_recorded_is_in_the_ledger_when_it_has_ended() -> None:
    with started() as found:
        with found.connect() as opened:
            opened.sendall(question())
            read_all(opened)
        found.process.order(LEAVE)
        assert found.ends()
        assert found.process.reap() == 0

    place = Path(os.environ["XDG_STATE_HOME"]) / "llmring" / "ledger.sqlite"
    assert [each.outcome for each in entries(place)] == ["ok"]
