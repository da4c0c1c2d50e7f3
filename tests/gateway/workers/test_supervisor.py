"""The workers of a gateway: their replacement, their restart and their end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from gateway_process import children, is_running, server_of
from llmring import ConfigurationError
from llmring.gateway.workers.acceptor import MOST_SURPLUS
from llmring.ledger.reader import entries
from served_gateway import eventually, read_until, request
from supervised_gateway import (
    SupervisedGateway,
    is_whole,
    question,
    rest_of,
    slow_model,
    supervised,
)

ENDS = [sys.executable, "-c", "raise SystemExit(3)"]


def test_g175_a_killed_worker_is_replaced_and_the_streams_of_the_other_go_on() -> None:
    with supervised(slow_model(2)) as gateway:
        streams = gateway.streams_of_each()
        killed, other = gateway.pids
        before = children(os.getpid())
        os.kill(killed, signal.SIGKILL)

        assert eventually(lambda: bool(children(os.getpid()) - before), 1)
        assert all(rest_of(streams[other]))
        assert not any(rest_of(streams[killed]))
        assert gateway.has(2, without={killed})
        assert other in gateway.pids


def test_g175_a_worker_that_hangs_is_replaced() -> None:
    with supervised(patience=3) as gateway:
        hanging = min(gateway.pids)
        os.kill(hanging, signal.SIGSTOP)

        assert gateway.has(2, without={hanging})
        assert not is_running(hanging)
        assert gateway.ask("GET", "/readyz").status == 200


def test_g175_workers_that_answer_are_not_replaced() -> None:
    with supervised(patience=3) as gateway:
        before = gateway.pids
        time.sleep(4)

        assert gateway.pids == before


def test_g188_connections_that_come_together_are_spread_over_the_workers() -> None:
    with supervised() as gateway, contextlib.ExitStack() as stack:
        opened = [stack.enter_context(gateway.connect()) for _ in range(32)]
        for each in opened:
            each.sendall(request("GET", "/healthz"))
        for each in opened:
            read_until(each, b"ok")
        shares = Counter(server_of(each, gateway.pids) for each in opened)

    assert len(shares) == 2
    assert max(shares.values()) <= 16 + MOST_SURPLUS


def test_g175_workers_that_end_as_soon_as_they_start_end_the_gateway() -> None:
    with supervised(command=ENDS) as gateway:
        gateway.wait(30)

        assert isinstance(gateway.error, ConfigurationError)
        assert "exit code 3" in str(gateway.error)
        with socket.socket() as opened, pytest.raises(ConnectionRefusedError):
            opened.connect(("127.0.0.1", gateway.port))


def test_g175_a_command_that_does_not_exist_ends_the_gateway() -> None:
    with supervised(command=["/nowhere/python"]) as gateway:
        gateway.wait(30)

        assert "/nowhere/python" in str(gateway.error)


def test_g175_a_worker_that_cannot_start_yet_is_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with supervised() as gateway:
        before = gateway.pids
        killed = min(before)
        write("version = ")
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: "llmring.lock:1" in caplog.text, 20)
        assert gateway.ask("GET", "/readyz").status == 200
        write(lockfile_of(default={"fast": ["mock:echo"]}))

        assert gateway.has(2, without={killed})


# --- Restart ---


async def ask_again_and_again(port: int, until: asyncio.Event) -> tuple[int, int]:
    """Make streams until an event; return how many were whole, and how many were not."""
    whole = broken = 0
    while not until.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(question())
            found = await asyncio.wait_for(reader.read(), 30)
            writer.close()
        except OSError:
            found = b""
        if is_whole(found):
            whole += 1
        else:
            broken += 1
    return whole, broken


def test_g174_a_restart_of_two_workers_under_64_streams_breaks_none() -> None:
    async def run(gateway: SupervisedGateway) -> list[tuple[int, int]]:
        over = asyncio.Event()
        clients = [asyncio.create_task(ask_again_and_again(gateway.port, over)) for _ in range(64)]
        for _ in range(2):
            before = gateway.pids
            await asyncio.sleep(0.5)
            gateway.supervisor.notify(signal.SIGUSR2)
            assert await asyncio.to_thread(gateway.has, 2, without=before)
        over.set()
        return await asyncio.gather(*clients)

    with supervised(slow_model(0.3)) as gateway:
        found = asyncio.run(run(gateway))

    whole = sum(whole for whole, _ in found)
    assert sum(broken for _, broken in found) == 0
    assert whole > 64
    # Of all workers, also of those that have left.
    place = Path(os.environ["XDG_STATE_HOME"]) / "llmring" / "ledger.sqlite"
    assert Counter(each.outcome for each in entries(place)) == {"ok": whole}


def test_g174_a_connection_that_is_kept_open_is_closed_with_an_answer() -> None:
    with supervised(slow_model(1)) as gateway, gateway.connect() as opened:
        before = gateway.pids
        opened.settimeout(30)
        opened.sendall(question().replace(b"connection: close", b"connection: keep-alive"))
        first = opened.recv(65536)
        gateway.supervisor.notify(signal.SIGUSR2)
        assert gateway.has(2, without=before)
        while not first.endswith(b"0\r\n\r\n"):
            first += opened.recv(65536)
        opened.sendall(question().replace(b"connection: close", b"connection: keep-alive"))
        second = b""
        while data := opened.recv(65536):
            second += data

    assert b"connection: close" not in first
    assert b"connection: close" in second
    assert is_whole(second)


def test_g174_a_restart_whose_first_worker_fails_leaves_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with supervised() as gateway:
        before = gateway.pids
        write("version = ")
        gateway.supervisor.notify(signal.SIGUSR2)

        assert eventually(lambda: "not replaced" in caplog.text, 20)
        assert gateway.pids == before
        assert gateway.ask("GET", "/readyz").status == 200


# --- The lockfile ---


def offered(gateway: SupervisedGateway) -> dict[int, str]:
    """Ask until each worker has answered; return the first model that each offers."""
    found: dict[int, str] = {}

    def ask() -> bool:
        with gateway.connect() as opened:
            opened.sendall(request("GET", "/v1/models"))
            body = read_until(opened, b"]")
            owner = server_of(opened, gateway.pids)
            assert owner is not None
            found[owner] = "slow" if b'"slow"' in body else "fast"
            return found.keys() == gateway.pids

    assert eventually(ask, 20)
    return found


def test_g125_all_workers_read_the_lockfile_again_on_sighup() -> None:
    path = Path("llmring.lock")
    with supervised() as gateway:
        past = 1_700_000_000_000_000_000
        os.utime(path, ns=(past, past))
        assert set(offered(gateway).values()) == {"fast"}
        # A change that the time and the size of the file do not show.
        path.write_text(path.read_text().replace("fast", "slow"))
        os.utime(path, ns=(past, past))
        assert set(offered(gateway).values()) == {"fast"}
        gateway.supervisor.notify(signal.SIGHUP)

        assert eventually(lambda: set(offered(gateway).values()) == {"slow"}, 20)


def test_g125_a_new_worker_needs_consent_for_what_was_not_agreed_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with supervised() as gateway:
        before = gateway.pids
        away = '\n[providers.mine]\nbase_url = "https://x.example/v1"\napi_key_env = "MINE"\n'
        write(lockfile_of(default={"fast": ["mock:echo"]}) + away)
        gateway.supervisor.notify(signal.SIGUSR2)

        assert eventually(lambda: "llmring trust" in caplog.text, 20)
        assert gateway.pids == before


# --- The end ---


def test_g174_all_workers_drain() -> None:
    with supervised(slow_model(2), drain_delay=1.0) as gateway:
        streams = gateway.streams_of_each()
        gateway.supervisor.notify(signal.SIGTERM)
        assert eventually(lambda: gateway.ask("GET", "/readyz").status == 503)
        assert {gateway.ask("GET", "/readyz").status for _ in range(20)} == {503}

        assert all(rest_of([each for some in streams.values() for each in some]))
        gateway.wait()
        assert gateway.error is None
        with socket.socket() as opened, pytest.raises(ConnectionRefusedError):
            opened.connect(("127.0.0.1", gateway.port))


def test_g174_on_the_second_signal_all_workers_end_now() -> None:
    with supervised(slow_model(3600)) as gateway:
        streams = gateway.streams_of_each()
        gateway.supervisor.notify(signal.SIGTERM)
        time.sleep(0.3)
        begun = time.monotonic()
        gateway.supervisor.notify(signal.SIGTERM)
        gateway.wait()

        # A second on an idle machine.
        assert time.monotonic() - begun < 8
        assert not any(rest_of([each for some in streams.values() for each in some]))


def test_g195_a_gateway_leaves_no_process_and_no_descriptor_behind() -> None:
    def descriptors() -> Counter[str]:
        found = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        names = [str(each.readlink()) for each in found]
        return Counter(name for name in names if "/proc/" not in name)

    with supervised() as gateway:
        gateway.ask("GET", "/readyz")
    before = descriptors()
    with supervised() as gateway:
        gateway.ask("GET", "/readyz")
        os.kill(min(gateway.pids), signal.SIGKILL)

    assert descriptors() - before == Counter()
