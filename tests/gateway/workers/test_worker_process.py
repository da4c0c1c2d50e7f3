"""A worker as its parent sees it; the workers here are small programs of the tests."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateway_process import is_running
from llmring.gateway.serve import ServeOptions
from llmring.gateway.workers.messages import WorkerStart
from llmring.gateway.workers.worker_process import WorkerProcess
from served_gateway import eventually

# Reads what it is given, then runs the rest.
BEGIN = """
import os, signal, socket, sys, time
channel = socket.socket(fileno=int(sys.argv[1]))
given = b""
while b"\\n" not in given:
    given += channel.recv(65536)
given, _, orders = given.partition(b"\\n")
"""


@contextmanager
def worker(code: str) -> Iterator[WorkerProcess]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        start = WorkerStart(
            options=ServeOptions(profile="dev"),
            lockfile="/here/llmring.lock",
            agreed=None,
            door=door.fileno(),
            memory=None,
        )
        found = WorkerProcess([sys.executable, "-c", BEGIN + code], start)
    try:
        yield found
    finally:
        found.kill()
        found.reap()


def read_all_of(found: WorkerProcess) -> None:
    """Read the reports until the worker has ended."""
    until = time.monotonic() + 20
    while select.select([found], [], [], 20)[0] and found.read():
        assert time.monotonic() < until


def test_g175_a_worker_that_reports_so_is_ready() -> None:
    with worker("channel.send(b'+..'); time.sleep(60)") as found:
        before = found.is_ready
        select.select([found], [], [], 20)
        assert found.read()

        assert (before, found.is_ready) == (False, True)
        assert found.failure is None


def test_g175_the_reason_of_a_worker_that_cannot_start_is_known() -> None:
    code = (
        "channel.send(b'!the lockfile'); time.sleep(0.1); channel.send('+ is not ünique'.encode())"
    )
    with worker(code) as found:
        read_all_of(found)

        assert found.failure == "the lockfile+ is not ünique"
        assert not found.is_ready
        assert found.reap() == 0


def test_g175_a_worker_is_given_its_options_and_the_socket() -> None:
    code = """
import json
start = json.loads(given)
channel.send(f"!{start['options']['profile']} {socket.socket(fileno=start['door'])}".encode())
"""
    with worker(code) as found:
        read_all_of(found)

        assert found.failure is not None
        assert found.failure.startswith("dev <socket.socket fd=")


def test_g175_only_a_worker_that_should_have_reported_is_silent() -> None:
    with worker("channel.send(b'+'); time.sleep(1); channel.send(b'-'); time.sleep(60)") as found:
        now = time.monotonic()
        # It may start slowly.
        assert found.silence(now + 50) < 0
        select.select([found], [], [], 20)
        assert found.read()
        heard = time.monotonic()
        assert 9 < found.silence(heard + 10) <= 11
        found.forgive(5)
        assert 4 < found.silence(heard + 10) <= 6
        # Its last records may take a while.
        select.select([found], [], [], 20)
        assert found.read()
        assert found.silence(time.monotonic() + 10) < 0


def test_g175_an_end_is_noticed_and_its_code_known() -> None:
    with worker("sys.exit(7)") as found:
        read_all_of(found)
        assert found.reap() == 7
    with worker("os.kill(os.getpid(), signal.SIGKILL)") as found:
        read_all_of(found)
        assert found.reap() == -signal.SIGKILL


def test_g175_orders_reach_the_worker_and_one_that_has_ended_does_not_matter() -> None:
    with worker(
        "while len(orders) < 2: orders += channel.recv(1)\nchannel.send(b'!' + orders)"
    ) as found:
        found.order(b"d")
        found.order(b"f")
        read_all_of(found)
        found.reap()
        assert found.failure == "df"
        found.order(b"d")
        found.kill()


def test_g174_signals_wait_until_the_worker_can_handle_them() -> None:
    code = """
channel.send(b"+")
held = orders or channel.recv(1)
signal.signal(signal.SIGTERM, lambda *_: channel.send(b"!handled"))
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
"""
    with worker(code) as found:
        select.select([found], [], [], 20)
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
            os.kill(found.pid, each)
        time.sleep(0.1)
        assert is_running(found.pid)
        found.order(b"d")
        read_all_of(found)

        assert found.failure == "handled"
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_g175_a_stopped_process_can_be_ended() -> None:
    with worker("channel.send(b'+'); time.sleep(60)") as found:
        select.select([found], [], [], 20)
        os.kill(found.pid, signal.SIGSTOP)
        found.kill()

        assert eventually(lambda: not is_running(found.pid))
        assert found.reap() == -signal.SIGKILL
