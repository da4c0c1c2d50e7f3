"""The taking of connections from a socket at which several processes listen."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
import uvloop

from llmring.gateway.server.listening import listening
from llmring.gateway.workers.acceptor import MOST_SURPLUS, Acceptor

Test = Callable[["Stage"], Awaitable[None]]


class Greeting(asyncio.Protocol):
    """A protocol that reports its connection, and greets the client."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop is no subclass.
        opened = cast("asyncio.Transport", transport)
        self._stage.made.append(opened)
        opened.write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stage.lost += 1


class Stage:
    """A socket that listens, and the acceptors at it.

    Attributes:
        made: The connections that got a protocol.
        lost: The number of those that have ended.
        surplus: The surplus that the acceptors see.
    """

    def __init__(self) -> None:
        self.door = listening("127.0.0.1", 0)
        self.made: list[asyncio.Transport] = []
        self.lost = 0
        self.surplus = 0

    def acceptor(self) -> Acceptor:
        return Acceptor(self.door, lambda: Greeting(self), lambda: self.surplus)

    def connect(self) -> socket.socket:
        opened = socket.create_connection(self.door.getsockname(), timeout=10)
        opened.setblocking(False)
        return opened

    async def has_made(self, count: int, seconds: float = 10) -> bool:
        until = time.monotonic() + seconds
        while len(self.made) < count and time.monotonic() < until:
            await asyncio.sleep(0.001)
        return len(self.made) == count


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Test], None]:
    """Run a test in an event loop of each kind."""

    def start(test: Test) -> None:
        async def whole() -> None:
            stage = Stage()
            try:
                await test(stage)
            finally:
                for each in stage.made:
                    each.abort()
                stage.door.close()
                await asyncio.sleep(0.01)

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole())

    return start


def test_g173_each_connection_gets_a_protocol(run: Callable[[Test], None]) -> None:
    async def test(stage: Stage) -> None:
        server = stage.acceptor()
        opened = [stage.connect() for _ in range(20)]
        assert await stage.has_made(20)
        loop = asyncio.get_running_loop()
        for each in opened:
            with each:
                assert await loop.sock_recv(each, 100) == b"hello"
        server.close()
        await server.wait_closed()

    run(test)


def test_g087_small_pieces_are_sent_at_once(run: Callable[[Test], None]) -> None:
    async def test(stage: Stage) -> None:
        server = stage.acceptor()
        with stage.connect():
            assert await stage.has_made(1)
            taken = stage.made[0].get_extra_info("socket")
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        server.close()

    run(test)


def test_g188_a_connection_is_left_to_others_for_a_moment_if_they_have_fewer(
    run: Callable[[Test], None],
) -> None:
    async def test(stage: Stage) -> None:
        stage.surplus = MOST_SURPLUS + 1
        server = stage.acceptor()
        with stage.connect(), stage.connect():
            # The socket can be read now.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert stage.made == []
            # No other process takes them.
            assert await stage.has_made(2)
        server.close()

    run(test)


def test_g188_another_process_gets_what_is_left_to_it(run: Callable[[Test], None]) -> None:
    async def test(stage: Stage) -> None:
        stage.surplus = MOST_SURPLUS + 1
        busy = stage.acceptor()
        with stage.connect():
            await asyncio.sleep(0)
            other, _ = stage.door.accept()
            other.close()
            await asyncio.sleep(0.05)
            assert stage.made == []
        busy.close()

    run(test)


def test_g174_a_closed_acceptor_takes_nothing_more(run: Callable[[Test], None]) -> None:
    async def test(stage: Stage) -> None:
        server = stage.acceptor()
        server.close()
        server.close()
        with stage.connect():
            await asyncio.sleep(0.05)
            assert stage.made == []
            # It waits for another process.
            stage.door.accept()[0].close()

    run(test)


def test_g194_a_client_that_has_left_already_does_no_harm(run: Callable[[Test], None]) -> None:
    async def test(stage: Stage) -> None:
        gone = stage.connect()
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        server = stage.acceptor()
        await asyncio.sleep(0.05)
        before = len(stage.made)
        with stage.connect():
            assert await stage.has_made(before + 1)
        server.close()
        await server.wait_closed()

    run(test)


def test_g194_without_free_descriptors_connections_wait(
    run: Callable[[Test], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(stage: Stage) -> None:
        server = stage.acceptor()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with stage.connect():
            lowest = os.dup(0)
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
            try:
                await asyncio.sleep(0.1)
                assert stage.made == []
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert await stage.has_made(1)
        server.close()
        assert caplog.text.count("no connections are taken for a moment") == 1

    run(test)
