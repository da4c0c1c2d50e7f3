"""`llmring serve --workers`: its processes, and signals to all of them at once."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from cli.terminal import lockfile_of, write
from gateway_process import GatewayProcess, children, is_running, server_of, started
from served_gateway import eventually, read_all, read_until, request
from supervised_gateway import is_whole, question, slow_model


@contextmanager
def workers(
    *words: str, model: str = "mock:echo", env: Mapping[str, str] | None = None
) -> Iterator[GatewayProcess]:
    """Start a gateway of two workers in a process group of its own, and wait until both run."""
    write(lockfile_of(default={"fast": [model]}))
    with started("--workers", "2", *words, env=env, group=True) as gateway:
        # Each worker answers some of these.
        pids = children(gateway.process.pid)
        assert eventually(lambda: _owner(gateway) == min(pids), 30)
        assert eventually(lambda: _owner(gateway) == max(pids), 30)
        yield gateway


def _owner(gateway: GatewayProcess) -> int | None:
    with gateway.connect() as opened:
        opened.sendall(request("GET", "/healthz"))
        read_until(opened, b"ok")
        return server_of(opened, children(gateway.process.pid))


def stream(gateway: GatewayProcess) -> socket.socket:
    opened = gateway.connect()
    opened.settimeout(30)
    opened.sendall(question())
    assert opened.recv(1, socket.MSG_PEEK) == b"H"
    return opened


def rest(gateway: GatewayProcess) -> str:
    """Return what the gateway printed after its first lines."""
    assert gateway.process.stdout is not None
    return gateway.process.stdout.read()


def test_g173_several_workers_print_the_first_lines_once() -> None:
    with workers() as gateway:
        assert len(children(gateway.process.pid)) == 2
        code = gateway.end(signal.SIGTERM)

        assert gateway.lines[0].endswith("profile default, aliases: fast, keys off")
        assert (code, rest(gateway)) == (0, "")


def test_g174_an_interrupt_of_all_processes_ends_the_gateway_in_order() -> None:
    # As a terminal does on Ctrl-C.
    with workers("--drain-delay", "60", model=slow_model(1)) as gateway:
        with stream(gateway) as opened:
            os.killpg(gateway.process.pid, signal.SIGINT)
            whole = is_whole(read_all(opened))
        code = gateway.process.wait(20)

        assert whole
        assert (code, rest(gateway)) == (0, "")


def test_g174_sigterm_for_all_processes_counts_once() -> None:
    # As systemd does for all that runs in a unit.
    with workers("--drain-delay", "0.2", model=slow_model(2)) as gateway:
        with stream(gateway) as opened:
            os.killpg(gateway.process.pid, signal.SIGTERM)
            whole = is_whole(read_all(opened))

        assert whole
        assert gateway.process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR2])
def test_g174_other_signals_for_all_processes_break_no_stream(number: signal.Signals) -> None:
    with workers("--drain-delay", "0", model=slow_model(2)) as gateway:
        with stream(gateway) as opened:
            os.killpg(gateway.process.pid, number)
            assert is_whole(read_all(opened))

        assert gateway.ask("GET", "/readyz").status == 200
        assert gateway.end(signal.SIGTERM) == 0


def test_g194_the_workers_of_a_killed_gateway_end_and_the_port_is_free() -> None:
    with workers(model=slow_model(3600)) as gateway, stream(gateway) as opened:
        pids = children(gateway.process.pid)
        begun = time.monotonic()
        gateway.process.kill()

        assert not is_whole(read_all(opened))
        assert eventually(lambda: not any(map(is_running, pids)), 10)
        # A second on an idle machine.
        assert time.monotonic() - begun < 5
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.1", gateway.port))


def test_g175_a_stopped_and_continued_gateway_goes_on() -> None:
    # As a terminal does on Ctrl-Z and `fg`.
    with workers() as gateway:
        pids = children(gateway.process.pid)
        os.killpg(gateway.process.pid, signal.SIGSTOP)
        time.sleep(12)
        os.killpg(gateway.process.pid, signal.SIGCONT)
        time.sleep(1)

        assert children(gateway.process.pid) == pids
        assert gateway.ask("GET", "/readyz").status == 200


def test_g025_a_conversation_stays_with_its_model_whichever_worker_answers() -> None:
    write("")
    models = ["mock:fixed?text=a", "mock:fixed?text=b"]
    text = lockfile_of(default={"fast": models}) + 'strategy = "weighted"\n'
    with workers() as gateway:
        write(text)
        found: dict[str, set[str]] = {}
        owners: dict[str, set[int | None]] = {}
        for turn in range(80):
            session = f"s{turn % 8}"
            with gateway.connect() as opened:
                body = {"model": "fast", "messages": [{"role": "user", "content": "Hello"}]}
                opened.sendall(request(body=body, x_llmring_session=session))
                head = read_until(opened, b"\r\n\r\n").decode()
                owners.setdefault(session, set()).add(
                    server_of(opened, children(gateway.process.pid))
                )
            [model] = [row for row in head.split("\r\n") if row.startswith("x-llmring-model")]
            found.setdefault(session, set()).add(model)

    assert {len(models) for models in found.values()} == {1}
    # All would have got the same model once in 128 times.
    assert max(len(pids) for pids in owners.values()) == 2
