"""Servers that are not reached, and what is known of a request that failed."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from llmring.exceptions import ProviderConnectionError
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, ours_only
from transport.contract.outcomes import CUT, LATE, outcome_of, request_to
from transport.contract.raw_server import Connection, always, whole
from transport.contract.remote_asks import UNKNOWN_AUTHORITY, secured, server_tls


@pytest.fixture
def unused() -> str:
    """Return an address on which no server listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}/"


@pytest.fixture
def full() -> Iterator[str]:
    """Return the address of a server that accepts no more connections."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        place = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        yield f"http://127.0.0.1:{place[1]}/"


def test_a_port_without_a_server_is_an_error(contract: Contract, unused: str) -> None:
    assert contract.run(lambda client: outcome_of(client, request_to(unused))) == CUT


def test_a_server_that_accepts_no_connection_ends_at_its_time(
    contract: Contract, full: str
) -> None:
    found = contract.run(lambda client: outcome_of(client, request_to(full), seconds=0.3))

    assert found == LATE


def test_a_server_that_is_back_is_reached_again(contract: Contract, listen: Listen) -> None:
    """Ask three times; nothing is remembered of a failure."""

    def script(connection: Connection) -> None:
        if connection.number > 1:
            always(lambda _: whole())(connection)

    server = listen(script)

    async def ask(client: ContractClient) -> list[str]:
        return [await outcome_of(client, request_to(server.url)) for _ in range(3)]

    assert contract.run(ask) == [CUT, CUT, "200 hello"]


async def reached(client: ContractClient, url: str) -> bool:
    """Return whether the error of a request has it that the server may have received it."""
    try:
        exchange = await client.open(request_to(url), 10)
        await exchange.read()
    except ProviderConnectionError as error:
        return error.reached
    raise AssertionError("the request succeeded")


@ours_only
def test_a_request_that_no_server_can_have_received_is_known_as_such(
    contract: Contract, listen: Listen, unused: str
) -> None:
    stranger = secured(
        server_tls("127.0.0.1", authority=UNKNOWN_AUTHORITY), always(lambda _: whole())
    )
    secure = listen(stranger).url.replace("http:", "https:")

    assert not contract.run(lambda client: reached(client, unused))
    assert not contract.run(lambda client: reached(client, secure))


@ours_only
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", whole()[:-1]], ids=repr)
def test_a_request_that_a_server_may_have_received_is_known_as_such(
    contract: Contract, listen: Listen, answer: bytes
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(answer)

    server = listen(script)

    assert contract.run(lambda client: reached(client, server.url))
