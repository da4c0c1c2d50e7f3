"""A gateway of several workers, watched by a thread of the test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from cli.terminal import lockfile_of, write
from gateway_process import children, server_of
from llmring.cli.commands.serve_worker import command as worker_command
from llmring.gateway.serve import ServeOptions, prepare
from llmring.gateway.workers.supervisor import Supervisor
from served_gateway import CHAT, ServedGateway, eventually, parsed, read_all, request

TEXT = "one two three four five six"

# Interpreters start slowly on a machine that runs other tests.
START_SECONDS = 30.0


def slow_model(seconds: float) -> str:
    """Return a model that pauses for this time in the middle of an answer."""
    return f"mock:stall?ms={int(seconds * 1000)}&text={TEXT.replace(' ', '%20')}"


def question(**more: Any) -> bytes:
    """Return the request of a stream."""
    asked = {"model": "fast", "messages": [{"role": "user", "content": "Hello"}]}
    return request("POST", CHAT, asked | {"stream": True, **more}, connection="close")


def is_whole(stream: bytes) -> bool:
    """Return True for a stream that has all of its text and its end."""
    if not stream.endswith(b"0\r\n\r\n"):
        return False
    events = parsed(stream).body.decode().split("\n\n")
    rows = [each.removeprefix("data: ") for each in events if each.startswith("data: ")]
    if rows[-1:] != ["[DONE]"]:
        return False
    choices = [choice for row in rows[:-1] for choice in json.loads(row)["choices"]]
    return "".join(each["delta"].get("content") or "" for each in choices) == TEXT


class SupervisedGateway(ServedGateway):
    """A gateway of several workers.

    Args:
        supervisor: The supervisor.
        port: The port of the gateway.
    """

    def __init__(self, supervisor: Supervisor, port: int) -> None:
        self.supervisor = supervisor
        self.port = port
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def _supervise(self) -> None:
        try:
            self.supervisor.run()
        except Exception as error:  # noqa: BLE001 -- for the test to see
            self.error = error

    @property
    def pids(self) -> set[int]:
        """The workers that answer."""
        return set(self.supervisor.pids)

    def has(self, count: int, *, without: set[int] = frozenset()) -> bool:  # type: ignore[assignment]
        """Wait until so many workers answer, of which none is one of these."""
        return eventually(
            lambda: len(self.pids) == count and not self.pids & without, START_SECONDS
        )

    def streams_of_each(self) -> dict[int, list[socket.socket]]:
        """Begin streams until each worker answers two; return them by worker."""
        found: dict[int, list[socket.socket]] = {pid: [] for pid in self.pids}
        for _ in range(500):
            opened = self.connect()
            opened.settimeout(30)
            opened.sendall(question())
            assert opened.recv(1, socket.MSG_PEEK) == b"H"
            owner = server_of(opened, self.pids)
            assert owner is not None
            found[owner].append(opened)
            if all(len(each) > 1 for each in found.values()):
                return found
        raise AssertionError({pid: len(each) for pid, each in found.items()})

    def wait(self, seconds: float = 20) -> None:
        """Wait for the end of all."""
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def close(self) -> None:
        """End the gateway at once, and check that it leaves no process behind."""
        for _ in range(2):
            with contextlib.suppress(OSError):
                self.supervisor.notify(signal.SIGINT)
        self.wait()
        assert self.pids == set()


@contextlib.contextmanager
def supervised(
    model: str = "mock:echo",
    *,
    count: int = 2,
    command: Sequence[str] | None = None,
    patience: float = 30.0,
    **options: Any,
) -> Iterator[SupervisedGateway]:
    """Start a gateway of this number of workers, and end it."""
    write(lockfile_of(default={"fast": [model]}))
    before = children(os.getpid())
    prepared = prepare(ServeOptions(**{"port": 0, "drain_delay": 0.0, **options}))
    port = prepared.door.getsockname()[1]
    found = Supervisor(prepared, count, command or worker_command(), patience)
    with SupervisedGateway(found, port) as gateway:
        assert command is not None or gateway.has(count), gateway.error
        yield gateway
    assert children(os.getpid()) <= before


def rest_of(streams: Sequence[socket.socket]) -> list[bool]:
    """Read streams to their end; return whether each was whole."""
    found = []
    for each in streams:
        with each:
            found.append(is_whole(read_all(each)))
    return found
