"""A worker: answers clients at the socket that it is given, and follows its parent's orders."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from types import FrameType
from typing import Any

import msgspec
import uvicorn

from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.gateway.serve import app_for, open_gateway, server_config
from llmring.gateway.server.drain import Drain
from llmring.gateway.server.draining_server import DrainingServer
from llmring.gateway.server.guarded_protocol import GuardedProtocol
from llmring.gateway.server.live_gateway import LiveGateway
from llmring.gateway.workers.acceptor import Acceptor
from llmring.gateway.workers.messages import (
    BEAT,
    BEAT_SECONDS,
    DONE,
    DRAIN,
    FAILED,
    FORCE,
    LEAVE,
    READ_AGAIN,
    READY,
    WorkerStart,
)
from llmring.gateway.workers.shared_memory import ConnectionCounts, records_in, tables_in
from llmring.gateway.workers.worker_process import release_signals

# Without a parent, a worker that does not end by itself has this time.
_ORPHAN_SECONDS = 5.0


def run_worker(descriptor: int) -> int:
    """Answer clients until the parent has ended the worker, or is gone; return the exit code.

    Args:
        descriptor: The descriptor of the socket to the parent.
    """
    channel = _own_socket(descriptor)
    try:
        line, _, orders = _read_start(channel).partition(b"\n")
        start = msgspec.json.decode(line, type=WorkerStart)
        live = _opened(start)
        door = _own_socket(start.door)
    except (LLMRingError, OSError, msgspec.DecodeError) as error:
        with channel, contextlib.suppress(OSError):
            channel.sendall(FAILED + str(error).encode())
        return 1
    drain = Drain(start.options.drain_delay)
    parent = _Parent(channel, drain, live, orders)
    config = server_config(app_for(live, drain), drain)
    with door:
        _WorkerServer(config, drain, live, parent, start).run([door])
    parent.leave()
    # It is open until the process has ended, so that the parent waits for the last records.
    channel.detach()
    return 0


def _own_socket(descriptor: int) -> socket.socket:
    """Return a socket that the parent has passed on, and that goes to no process after this one."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def _read_start(channel: socket.socket) -> bytes:
    """Read the first line, and the orders that may have come after it."""
    found = b""
    while b"\n" not in found:
        data = channel.recv(65536)
        if not data:
            raise ConnectionAbortedError("the parent process is gone")
        found += data
    return found


def _opened(start: WorkerStart) -> LiveGateway:
    tables = records = None
    if start.memory is not None:
        os.set_inheritable(start.memory, False)
        tables = tables_in(start.memory)
        if start.place is not None:
            records = records_in(start.memory, start.place)
    live = open_gateway(start.options, agreed=start.agreed, tables=tables, records=records)
    found = str(live.now().ring.lockfile_path)
    if found != start.lockfile:
        raise ConfigurationError(
            f"the lockfile is {found} now, and was {start.lockfile}; start the gateway again"
        )
    return live


class _Parent:
    """The process that watches this worker.

    Args:
        channel: The socket to it.
        drain: The end of this worker.
        live: The gateway.
        orders: The orders that have come already.
    """

    def __init__(
        self, channel: socket.socket, drain: Drain, live: LiveGateway, orders: bytes
    ) -> None:
        self._channel = channel
        self._orders = orders
        self._drain = drain
        self._live = live
        self._has_left = threading.Event()

    def follow(self) -> None:
        """Report that the worker answers, and follow orders from now on."""
        loop = asyncio.get_running_loop()
        for order in self._orders:
            self._obey(order)
        threading.Thread(
            target=self._read, args=(loop,), name="llmring-worker-orders", daemon=True
        ).start()
        self._report(READY)
        self._beat(loop)

    def leave(self) -> None:
        """Report that all calls are answered, and follow no more orders."""
        self._report(DONE)
        self._has_left.set()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        # On the loop, so that one that is held up is noticed.
        self._report(BEAT)
        loop.call_later(BEAT_SECONDS, self._beat, loop)

    def _report(self, report: bytes) -> None:
        with contextlib.suppress(OSError):
            self._channel.send(report, socket.MSG_DONTWAIT)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow orders, and end the worker when the parent is gone, in a thread of its own."""
        with contextlib.suppress(OSError, RuntimeError):
            while orders := self._channel.recv(64):
                for order in orders:
                    loop.call_soon_threadsafe(self._obey, order)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._drain.force)
        if not self._has_left.wait(_ORPHAN_SECONDS):
            os._exit(1)

    def _obey(self, order: int) -> None:
        if order == READ_AGAIN[0]:
            self._live.read_again()
        elif order == FORCE[0]:
            self._drain.force()
        elif order == LEAVE[0]:
            self._drain.begin(at_once=True)
        elif order == DRAIN[0] and not self._drain.is_draining:
            self._drain.begin()


class _WorkerServer(DrainingServer):
    """The server of a worker.

    Its parent alone ends it at once: those who stop the gateway may signal all its processes.

    Args:
        config: The settings of the server.
        drain: The end of the worker.
        live: The gateway.
        parent: The process that watches this worker.
        start: What the worker was given.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Drain,
        live: LiveGateway,
        parent: _Parent,
        start: WorkerStart,
    ) -> None:
        super().__init__(config, drain, live.read_again)
        self._parent = parent
        self._place = start.place
        self._counts = None if start.memory is None else ConnectionCounts(start.memory)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup([])
        for door in sockets or []:
            # Those of an event loop have the same methods.
            server: Any = Acceptor(door, self._protocol, self._surplus)
            self.servers.append(server)
        self._surplus()
        release_signals()
        self._parent.follow()

    def _protocol(self) -> asyncio.BaseProtocol:
        # As uvicorn builds it for its own servers.
        return GuardedProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _surplus(self) -> int:
        """Return how many more connections this worker has than the one with the fewest."""
        if self._counts is None or self._place is None:
            return 0
        return self._counts.surplus(self._place, len(self.server_state.connections))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the server, and leave new connections to other workers."""
        if self._counts is not None and self._place is not None:
            self._counts.leave(self._place)
        await super().shutdown(sockets)

    def refuse_restart(self) -> None:
        """Do nothing: SIGUSR2 is for the parent."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to drain; SIGINT, which a terminal sends to all processes, is for the parent."""
        if sig == signal.SIGTERM and not self._drain.is_draining:
            self._drain.begin()
