"""Requests that the caller gives up: the server sees it at once, and no one else suffers."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from llmring.wire import HttpRequest
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, may_leave_sockets
from transport.contract.outcomes import LATE, outcome_of, request_to
from transport.contract.raw_server import HANGS, Connection, RawServer, always, chunked, head, whole

Ask = Callable[[ContractClient, HttpRequest], Awaitable[object]]


def silent(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive()
        connection.drain()
    else:
        always(lambda _: whole())(connection)


def begun(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive()
        connection.send(head("content-length: 99") + b"hello")
        connection.drain()
    else:
        always(lambda _: whole())(connection)


def not_reading(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive_head()
        connection.pause(0.3)
        connection.drain()
    else:
        always(lambda _: whole())(connection)


def not_greeting(connection: Connection) -> None:
    connection.receive_some()
    connection.drain()


async def read_whole(client: ContractClient, request: HttpRequest) -> bytes:
    exchange = await client.open(request, 30)
    try:
        return await exchange.read()
    finally:
        exchange.close()


async def read_pieces(client: ContractClient, request: HttpRequest) -> None:
    exchange = await client.open(request, 30)
    try:
        while await exchange.chunk():
            pass
    finally:
        exchange.close()


MOMENTS = {
    "waiting for the head": (silent, read_whole, b"{}"),
    "waiting for the body": (begun, read_whole, b"{}"),
    "waiting for a piece": (begun, read_pieces, b"{}"),
    "sending a large body": (not_reading, read_whole, b"a" * 2**24),
}


async def give_up(
    client: ContractClient, server: RawServer, ask: Ask, body: bytes
) -> tuple[bool, str]:
    """Cancel a request; return whether the server saw it, and the outcome of the next one."""
    task = asyncio.ensure_future(ask(client, request_to(server.url, body=body)))
    await asyncio.to_thread(server.wait_for, lambda: bool(server.heads))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    seen = await asyncio.to_thread(server.left.wait, 5)
    return seen, await outcome_of(client, request_to(server.url))


@may_leave_sockets
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_server_sees_that_a_request_was_cancelled(
    contract: Contract, listen: Listen, moment: str
) -> None:
    script, ask, body = MOMENTS[moment]
    server = listen(script)

    seen, after = contract.run(lambda client: give_up(client, server, ask, body))

    assert seen
    contract.judge(after, "200 hello")
    assert server.connections == 2


def test_the_server_sees_that_a_request_was_cancelled_that_waits_for_tls(
    contract: Contract, listen: Listen
) -> None:
    server = listen(not_greeting)

    async def ask(client: ContractClient) -> bool:
        request = request_to(server.url.replace("http:", "https:"))
        task = asyncio.ensure_future(read_whole(client, request))
        await asyncio.to_thread(server.wait_for, lambda: server.connections > 0)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(server.left.wait, 5)

    assert contract.run(ask)


def test_the_server_sees_that_an_answer_was_closed_unread(
    contract: Contract, listen: Listen
) -> None:
    server = listen(begun)

    async def ask(client: ContractClient) -> bool:
        exchange = await client.open(request_to(server.url), 10)
        exchange.close()
        return await asyncio.to_thread(server.left.wait, 5)

    assert contract.run(ask)


def test_the_server_sees_that_the_time_for_the_head_is_over(
    contract: Contract, listen: Listen
) -> None:
    server = listen(silent)

    async def ask(client: ContractClient) -> tuple[str, bool]:
        found = await outcome_of(client, request_to(server.url), seconds=0.2)
        return found, await asyncio.to_thread(server.left.wait, 5)

    assert contract.run(ask) == (LATE, True)


def test_requests_at_the_same_time_do_not_notice_that_another_is_cancelled(
    contract: Contract, listen: Listen
) -> None:
    contract.require_giving_up()
    cancelled = threading.Event()

    def slow(connection: Connection) -> None:
        connection.receive()
        cancelled.wait(HANGS)
        connection.send(chunked(b"hel", b"lo"))
        connection.drain()

    server = listen(slow)

    async def ask(client: ContractClient) -> list[str]:
        tasks = [
            asyncio.ensure_future(outcome_of(client, request_to(server.url))) for _ in range(10)
        ]
        await asyncio.sleep(0.1)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0.05)
        cancelled.set()
        return [
            found
            for found in await asyncio.gather(*tasks, return_exceptions=True)
            if isinstance(found, str)
        ]

    assert contract.run(ask) == ["200 hello"] * 5


def test_a_request_that_is_cancelled_before_it_begins_reaches_no_server(
    contract: Contract, listen: Listen
) -> None:
    server = listen(always(lambda _: whole()))

    async def ask(client: ContractClient) -> str:
        task = asyncio.ensure_future(read_whole(client, request_to(server.url, body=b"first")))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await outcome_of(client, request_to(server.url, body=b"second"))

    assert contract.run(ask) == "200 hello"
    assert [request.body for request in server.requests] == [b"second"]
