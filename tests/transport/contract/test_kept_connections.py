"""Kept connections: used again when that is safe, and never for the bytes of another answer.

https://www.rfc-editor.org/rfc/rfc9112#name-persistence
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, ours_only
from transport.contract.outcomes import CUT, LATE, REFUSED, WAYS, Way, outcome_of, request_to
from transport.contract.raw_server import (
    HANGS,
    Connection,
    RawServer,
    Received,
    always,
    chunked,
    chunks,
    head,
    whole,
)


def on_connection(request: Received) -> bytes:
    return whole(b"on connection %d" % request.connection)


async def ask_twice(
    client: ContractClient, server: RawServer, between: Callable[[], object], method: str = "POST"
) -> str:
    """Ask, do something between, ask again, and return the outcome of the second request."""
    first = await outcome_of(client, request_to(server.url))
    if first != "200 on connection 0":
        return f"{first} to the first request"
    result = between()
    if asyncio.iscoroutine(result):
        await result
    return await outcome_of(client, request_to(server.url, method))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "answer",
    [whole(), chunked(b"hello"), whole(status="500 Bad"), whole(b"a" * 300_000), whole(b"")],
    ids=["a length", "chunks", "an error", "a long body", "no body"],
)
def test_ten_requests_use_one_connection(
    contract: Contract, listen: Listen, answer: bytes, way: Way
) -> None:
    server = listen(always(lambda _: answer))

    async def ask(client: ContractClient) -> int:
        return len([await outcome_of(client, request_to(server.url), way) for _ in range(10)])

    assert contract.run(ask) == 10
    assert len(server.requests) == 10
    assert server.connections == 1


@pytest.mark.parametrize(
    "line", ["connection: close", "Connection: Close", "connection: keep-alive, close"]
)
def test_a_connection_that_the_server_will_close_is_not_used_again(
    contract: Contract, listen: Listen, line: str
) -> None:
    server = listen(always(lambda request: whole(b"%d" % request.connection, line)))

    async def ask(client: ContractClient) -> list[str]:
        return [await outcome_of(client, request_to(server.url)) for _ in range(3)]

    contract.judge(", ".join(contract.run(ask)), "200 0, 200 1, 200 2")
    assert server.left_alone()


def test_a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again(
    contract: Contract, listen: Listen
) -> None:
    server = listen(always(lambda _: head("content-length: 9") + b"hello"), always(on_connection))

    async def ask(client: ContractClient) -> str:
        exchange = await client.open(request_to(server.url), 10)
        exchange.close()
        return await outcome_of(client, request_to(server.url))

    contract.judge(contract.run(ask), "200 on connection 1")


def test_a_connection_is_kept_after_the_rest_of_a_body_is_finished(
    contract: Contract, listen: Listen
) -> None:
    server = listen(always(lambda _: chunked(b"hello", b"rest")))

    async def ask(client: ContractClient) -> None:
        for _ in range(3):
            exchange = await client.open(request_to(server.url), 10)
            await exchange.chunk()
            await exchange.finish()
            exchange.close()

    contract.run(ask)
    assert server.connections == 1
    assert len(server.requests) == 3


def test_requests_at_once_have_connections_and_answers_of_their_own(
    contract: Contract, listen: Listen
) -> None:
    def echo(request: Received) -> bytes:
        return chunked(request.body[:3], request.body[3:])

    server = listen(always(echo))

    async def ask(client: ContractClient) -> list[str]:
        tasks = [
            outcome_of(client, request_to(server.url, body=b"body %d" % number), WAYS[number % 2])
            for number in range(60)
        ]
        return await asyncio.gather(*tasks)

    assert contract.run(ask) == [f"200 body {number}" for number in range(60)]
    assert server.connections <= 60


def test_connections_of_requests_at_once_are_used_again(contract: Contract, listen: Listen) -> None:
    server = listen(always(lambda _: whole()))

    async def ask(client: ContractClient) -> None:
        for _ in range(3):
            await asyncio.gather(*(outcome_of(client, request_to(server.url)) for _ in range(10)))

    contract.run(ask)
    assert len(server.requests) == 30
    assert server.connections <= 10


# --- the server closes an idle connection ------------------------------------------------------


def closing_when_idle(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive()
        connection.send(whole(b"on connection 0"))
    else:
        always(on_connection)(connection)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_while_idle_is_not_used(
    contract: Contract, listen: Listen, method: str
) -> None:
    server = listen(closing_when_idle)

    async def notice() -> None:
        assert await asyncio.to_thread(server.left_alone)
        await asyncio.sleep(0.05)

    found = contract.run(lambda client: ask_twice(client, server, notice, method))
    contract.judge(found, "200 on connection 1")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_unnoticed_costs_no_answer_to_a_GET_and_no_POST_twice(
    contract: Contract, listen: Listen, method: str
) -> None:
    """Ask when the server has closed, and the event loop has not yet seen it."""
    server = listen(closing_when_idle)

    def block() -> None:
        assert server.left_alone()
        time.sleep(0.05)

    found = contract.run(lambda client: ask_twice(client, server, block, method))
    contract.judge(
        found, "200 on connection 1" if method == "GET" else {"200 on connection 1", CUT}
    )
    assert len(server.requests) <= 2


def closing_at_the_second(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive()
        connection.send(whole(b"on connection 0"))
        connection.receive()
    else:
        always(on_connection)(connection)


def test_a_POST_that_a_kept_connection_has_received_is_not_sent_again(
    contract: Contract, listen: Listen
) -> None:
    server = listen(closing_at_the_second)

    found = contract.run(lambda client: ask_twice(client, server, lambda: None, "POST"))

    contract.judge(found, CUT)
    assert [request.connection for request in server.requests] == [0, 0]


def test_a_GET_that_a_kept_connection_has_received_may_be_sent_once_more(
    contract: Contract, listen: Listen
) -> None:
    server = listen(closing_at_the_second)

    found = contract.run(lambda client: ask_twice(client, server, lambda: None, "GET"))

    contract.judge(found, {"200 on connection 1", CUT})


def test_a_request_that_every_connection_closes_on_is_not_sent_for_ever(
    contract: Contract, listen: Listen
) -> None:
    server = listen(closing_at_the_second, lambda connection: connection.receive())

    found = contract.run(lambda client: ask_twice(client, server, lambda: None, "GET"))

    contract.judge(found, CUT)
    assert len(server.requests) <= 4


def test_a_POST_whose_answer_has_begun_is_not_sent_again(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(whole(b"on connection 0"))
        connection.receive()
        connection.send(b"HTTP/1.1 200")

    server = listen(script)
    found = contract.run(lambda client: ask_twice(client, server, lambda: None))

    contract.judge(found, CUT)
    assert len(server.requests) == 2


# --- bytes that belong to no request -----------------------------------------------------------

JUNK = whole(b"junk")


def junk_at_once(connection: Connection) -> None:
    if connection.number == 0:
        connection.receive()
        connection.send(whole(b"on connection 0") + JUNK)
        connection.receive()
        connection.drain()
    else:
        always(on_connection)(connection)


class JunkLater:
    """An answer, and one more when the connection is idle; then nothing.

    Attributes:
        sent: Set once all of it was sent.
    """

    def __init__(self, junk: bytes = JUNK, closes: bool = False) -> None:
        self.sent = threading.Event()
        self._junk = junk
        self._closes = closes

    def __call__(self, connection: Connection) -> None:
        if connection.number > 0:
            always(on_connection)(connection)
            return
        connection.receive()
        connection.send(whole(b"on connection 0"))
        connection.pause(0.05)
        connection.send(self._junk)
        if self._closes:
            connection.close()
        self.sent.set()
        if not self._closes:
            connection.receive()
            connection.drain()

    async def notice(self) -> None:
        """Wait until it was sent, while the event loop runs."""
        await asyncio.to_thread(self.sent.wait, HANGS)
        await asyncio.sleep(0.05)

    def block(self) -> None:
        """Wait until it was sent, while the event loop is busy."""
        self.sent.wait(HANGS)
        time.sleep(0.05)


def test_an_answer_behind_an_answer_is_not_that_of_the_next_request(
    contract: Contract, listen: Listen
) -> None:
    server = listen(junk_at_once)

    found = contract.run(lambda client: ask_twice(client, server, lambda: None))
    contract.judge(found, "200 on connection 1")


def test_an_answer_on_an_idle_connection_is_not_that_of_the_next_request(
    contract: Contract, listen: Listen
) -> None:
    junk = JunkLater()
    server = listen(junk)

    found = contract.run(lambda client: ask_twice(client, server, junk.notice))
    contract.judge(found, "200 on connection 1")


def test_an_answer_that_came_unnoticed_on_an_idle_connection_is_not_that_of_the_next_request(
    contract: Contract, listen: Listen
) -> None:
    """Ask while the bytes are there, and the event loop has not yet seen them."""
    junk = JunkLater()
    server = listen(junk)

    found = contract.run(lambda client: ask_twice(client, server, junk.block))
    contract.judge(found, "200 on connection 1")


def test_a_408_and_the_end_on_an_idle_connection_are_not_the_answer_to_the_next_request(
    contract: Contract, listen: Listen
) -> None:
    """Ask after a gateway has closed a connection that was idle for too long."""
    junk = JunkLater(whole(b"", "connection: close", status="408 Request Timeout"), closes=True)
    server = listen(junk)

    found = contract.run(lambda client: ask_twice(client, server, junk.notice))
    contract.judge(found, "200 on connection 1")


def test_an_answer_that_comes_before_the_first_request_leads_to_no_success(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.send(head("content-length: 5", status="408 Slow") + b"hello")
        connection.receive()
        connection.drain(1)

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url), seconds=1))

    contract.judge(found, {"408 hello", CUT, REFUSED, LATE})


def test_the_end_of_a_chunked_body_with_more_behind_it_is_where_it_ends(
    contract: Contract, listen: Listen
) -> None:
    answer = head("transfer-encoding: chunked") + chunks(b"on connection 0") + b"0\r\n\r\n"

    def script(connection: Connection) -> None:
        if connection.number == 0:
            connection.receive()
            connection.send(answer)
            connection.drain()
        else:
            always(on_connection)(connection)

    server = listen(script)
    found = contract.run(lambda client: ask_twice(client, server, lambda: None))

    contract.judge(found, "200 on connection 1")


def test_closing_the_client_closes_its_connections(contract: Contract, listen: Listen) -> None:
    server = listen(always(lambda _: whole()))

    async def ask(client: ContractClient) -> None:
        await asyncio.gather(*(outcome_of(client, request_to(server.url)) for _ in range(5)))

    contract.run(ask)
    assert server.left_alone()


@ours_only
def test_event_loops_of_several_threads_share_a_client_and_no_connection(
    contract: Contract, listen: Listen
) -> None:
    contract.require_giving_up()
    server = listen(always(lambda request: whole(request.body)))
    client = contract.contender.make(contract.options)

    async def ask(name: int) -> list[str]:
        try:
            requests = [request_to(server.url, body=b"%d" % name) for _ in range(20)]
            return [await outcome_of(client, each) for each in requests]
        finally:
            await client.aclose()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda name: asyncio.run(ask(name)), range(4)))

    assert found == [[f"200 {name}"] * 20 for name in range(4)]
    owners = {(request.connection, request.body) for request in server.requests}
    assert len(owners) == server.connections == 4
    assert server.left_alone()
