"""A gateway that is killed: its ledger stays whole, and the next gateway goes on with it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

import answers
from cli.terminal import PYTHON
from ledgers import wait_for
from llmring.ledger.reader import entries
from loopback import Answer, Loopback, Pause, as_stream
from rings import TODAY
from served_gateway import CHAT, Reply, ServedGateway, eventually, request

LOCKFILE = """
[[profiles.default.bindings]]
alias = "fast"
models = ["groq:any"]
"""
BODY = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

Serve = Callable[..., Loopback]


class Running(ServedGateway):
    """A gateway in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port


@contextmanager
def running(environ: Mapping[str, str]) -> Iterator[Running]:
    process = subprocess.Popen(
        [*PYTHON, "serve", "--port", "0", "--drain-delay", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environ},
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(4)]
        gateway = Running(process, int(lines[0].split(",")[0].rpartition(":")[2]))
        assert gateway.ask("GET", "/healthz").status == 200
        yield gateway
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def vendor(serve: Serve) -> Loopback:
    return serve(answers.openai_stream("Fine"))


@pytest.fixture
def environ(vendor: Loopback, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "llmring.lock").write_text(LOCKFILE)
    return {
        "LLMRING_LOCKFILE_PATH": str(tmp_path / "llmring.lock"),
        "LLMRING_LEDGER_URL": f"sqlite://{tmp_path / 'ledger.sqlite'}",
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
        "LLMRING_TRUST": "1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "GROQ_BASE_URL": f"{vendor.url}/v1",
        "GROQ_API_KEY": "gsk_0123456789abcdef",
    }


def check_whole(path: Path) -> int:
    """Check the ledger's file and its entries; return how many there are."""
    with closing(sqlite3.connect(path)) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = list(entries(path))
    assert len({each.id for each in found}) == len(found)
    assert all(each.alias == "fast" and each.outcome for each in found)
    return len(found)


def keep_asking(gateway: Running, until: threading.Event, whole: list[Reply]) -> None:
    while not until.is_set():
        with suppress(OSError, AssertionError, ValueError, IndexError):
            reply = gateway.ask("POST", CHAT, BODY)
            if reply.body.endswith(b"data: [DONE]\n\n"):
                whole.append(reply)


def test_g194_a_gateway_that_is_killed_under_load_leaves_a_whole_ledger(
    vendor: Loopback, environ: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    whole: list[Reply] = []
    known = 0
    for _ in range(3):
        over = threading.Event()
        whole.clear()
        with running(environ) as gateway:
            asking = [
                threading.Thread(target=keep_asking, args=(gateway, over, whole)) for _ in range(4)
            ]
            for each in asking:
                each.start()
            assert eventually(lambda: len(whole) >= 40 and path.exists(), 20)
            assert len(wait_for(path, known + 1)) > known
            gateway.process.send_signal(signal.SIGKILL)
            over.set()
            for each in asking:
                each.join(20)

        found = check_whole(path)
        assert known < found <= len(vendor.requests)
        known = found

    with running(environ) as gateway:
        assert gateway.ask("POST", CHAT, BODY).status == 200
        assert len(wait_for(path, known + 1)) >= known + 1
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0
    assert check_whole(path) >= known + 1


def test_g194_what_was_answered_a_moment_before_the_kill_is_in_the_ledger(
    environ: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    with running(environ) as gateway:
        replies = [gateway.ask("POST", CHAT, BODY) for _ in range(5)]
        assert len(wait_for(path, 5)) == 5
        gateway.process.send_signal(signal.SIGKILL)

    assert {each.status for each in replies} == {200}
    assert check_whole(path) == 5


def test_g194_the_client_of_a_killed_gateway_sees_that_its_stream_is_not_whole(
    vendor: Loopback, environ: dict[str, str], tmp_path: Path
) -> None:
    steps = answers.openai_stream("Once ", "upon").steps
    vendor.answers = [as_stream(*steps[:2], Pause(20)), Answer([b"{}"])]

    with running(environ) as gateway, gateway.connect() as opened:
        opened.sendall(request("POST", CHAT, BODY))
        came = b""
        while b"Once" not in came:
            came += opened.recv(4096)
        gateway.process.send_signal(signal.SIGKILL)
        with suppress(ConnectionResetError):
            while more := opened.recv(4096):
                came += more

    assert b"[DONE]" not in came
    assert not came.endswith(b"0\r\n\r\n")
    assert vendor.hung_up.wait(5)
    assert not (tmp_path / "ledger.sqlite").exists() or check_whole(tmp_path / "ledger.sqlite") == 0
