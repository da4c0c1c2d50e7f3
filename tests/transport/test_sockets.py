"""Addresses of hosts, and the first that accepts."""

import asyncio
import errno
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmring.transport.sockets import (
    Address,
    Resolver,
    connected,
    connected_at_once,
    connected_unix,
    interleaved,
    numeric,
)


def test_an_address_needs_no_look_up() -> None:
    [address] = numeric("127.0.0.1", 80) or []

    assert address[4] == ("127.0.0.1", 80)
    assert numeric("localhost", 80) is None


def test_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    given = [(family, 1, 6, "", n) for n, family in enumerate([six, six, six, four, four])]

    assert [each[4] for each in interleaved(given)] == [0, 3, 1, 4, 2]


Connect = Callable[[list[Address]], socket.socket]


def _address(port: int, host: str = "127.0.0.1") -> Address:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return family, socket.SOCK_STREAM, 6, "", (host, port)


@pytest.fixture(params=["asyncio", "blocking"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Return what connects to the first of several addresses."""

    async def call(addresses: list[Address]) -> socket.socket:
        return await connected(asyncio.get_running_loop(), addresses)

    if request.param == "asyncio":
        return lambda addresses: asyncio.run(call(addresses))
    return lambda addresses: connected_at_once(addresses, time.monotonic() + 10)


@pytest.mark.parametrize("other", ["refusing", "2001:db8::1", "192.0.2.1"])
def test_the_next_address_is_tried_when_one_refuses_is_unreachable_or_is_silent(
    connect: Connect, other: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port, refusing = server.getsockname()[1], unused.getsockname()[1]
        # Those of documents lead nowhere, by an error at once or by silence.
        first = _address(refusing) if other == "refusing" else _address(9, other)

        with connect([first, _address(port)]) as found:
            assert found.getpeername() == ("127.0.0.1", port)


def test_if_no_address_accepts_the_first_reason_is_given(connect: Connect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusing = _address(unused.getsockname()[1])

        with pytest.raises(ConnectionRefusedError) as caught:
            connect([refusing, refusing])

    assert caught.value.errno == errno.ECONNREFUSED


def test_a_silent_address_is_given_up_in_time() -> None:
    with pytest.raises((TimeoutError, OSError)):
        connected_at_once([_address(9, "192.0.2.1")], time.monotonic() + 0.1)


def test_a_host_without_an_address_has_none() -> None:
    async def call() -> None:
        await Resolver(asyncio.get_running_loop()).addresses("no-such-host.invalid", 80)

    with pytest.raises(OSError, match=r".+"):
        asyncio.run(call())


def test_callers_at_once_share_a_look_up_and_one_that_leaves_does_not_end_it() -> None:
    async def call() -> tuple[bool, bool]:
        resolver = Resolver(asyncio.get_running_loop())
        leaving = asyncio.ensure_future(resolver.addresses("localhost", 80))
        staying = asyncio.ensure_future(resolver.addresses("localhost", 80))
        await asyncio.sleep(0)
        leaving.cancel()
        found = await staying
        return bool(found), await resolver.addresses("localhost", 80) is found

    assert asyncio.run(call()) == (True, True)


def test_a_unix_socket_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async def call() -> None:
        await connected_unix(asyncio.get_running_loop(), str(tmp_path / "x.sock"))

    with pytest.raises(OSError, match=r".+"):
        asyncio.run(call())
