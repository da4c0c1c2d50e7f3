"""Answers that take their time: slow ones are read, and those that never end are ended."""

import asyncio
import time

import pytest

from llmring.exceptions import ProviderTimeoutError, RingClosedError
from llmring.transport.exchange import answer_timeout
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, may_leave_sockets, ours_only
from transport.contract.outcomes import LATE, WAYS, Way, outcome_of, read_outcome, request_to
from transport.contract.raw_server import HANGS, Connection, Script, chunked, head, whole


def slowly(first: bytes, rest: bytes, pause: float) -> Script:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(first)
        connection.send_slowly(rest, pause)
        connection.drain()

    return script


@pytest.mark.parametrize("answer", [whole(), chunked(b"he", b"llo")], ids=["length", "chunked"])
def test_a_slow_answer_is_read(contract: Contract, listen: Listen, answer: bytes) -> None:
    server = listen(slowly(b"", answer, 0.004))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    assert found == "200 hello"


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nx-a: ", head(status="100 Continue")], ids=repr
)
def test_a_head_that_does_not_end_ends_at_its_time(
    contract: Contract, listen: Listen, first: bytes
) -> None:
    server = listen(slowly(first, b"HTTP/1.1 200 OK\r\nx-a: b" + b"b" * 2_000, 0.02))
    began = time.monotonic()

    found = contract.run(lambda client: outcome_of(client, request_to(server.url), seconds=0.15))

    assert found == LATE
    assert time.monotonic() - began < HANGS


@may_leave_sockets
def test_a_server_that_reads_no_request_ends_at_its_time(
    contract: Contract, listen: Listen
) -> None:
    server = listen(lambda connection: connection.pause(20))
    request = request_to(server.url, body=b"a" * 2**24)

    found = contract.run(lambda client: outcome_of(client, request, seconds=0.15))

    assert found == LATE


async def expiring(client: ContractClient, url: str, way: Way, after: float) -> str:
    exchange = await client.open(request_to(url), 10)
    exchange.expire_at(asyncio.get_running_loop().time() + after)
    try:
        async with asyncio.timeout(HANGS):
            if way == "whole":
                await exchange.read()
            while await exchange.chunk():
                pass
    except ProviderTimeoutError as error:
        return type(error).__name__
    finally:
        exchange.close()
    return "the end"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pause", [0.01, 20], ids=["byte by byte", "not at all"])
def test_a_body_that_does_not_end_ends_at_its_time(
    contract: Contract, listen: Listen, way: Way, pause: float
) -> None:
    server = listen(slowly(head("content-length: 99999") + b"a", b"a" * 5_000, pause))

    assert contract.run(lambda client: expiring(client, server.url, way, 0.1)) == LATE
    assert server.left_alone()


@ours_only
def test_a_time_that_is_over_already_ends_the_body(contract: Contract, listen: Listen) -> None:
    server = listen(slowly(head("content-length: 99") + b"a", b"a" * 500, 20))

    assert contract.run(lambda client: expiring(client, server.url, "pieces", -1)) == LATE


@ours_only
def test_a_later_time_takes_the_place_of_an_earlier_one(contract: Contract, listen: Listen) -> None:
    server = listen(slowly(head("content-length: 40"), b"a" * 40, 0.01))

    async def ask(client: ContractClient) -> str:
        exchange = await client.open(request_to(server.url), 10)
        exchange.expire_at(asyncio.get_running_loop().time() + 0.05)
        exchange.expire_at(None)
        # `read_outcome` sets a later one.
        return await read_outcome(exchange)

    assert contract.run(ask) == f"200 {'a' * 40}"


class Impatience:
    """A limit between two signs of life."""

    read_at = 0.0
    interval = 0.05

    def __init__(self, seconds: float, began: float) -> None:
        self._seconds = seconds
        self._began = began

    def forgive(self, now: float) -> None:
        self.read_at = now

    def due(self) -> float:
        return (self.read_at or self._began) + self._seconds

    def verdict(self, now: float) -> ProviderTimeoutError | None:
        return answer_timeout(self._seconds, 200) if now >= self.due() else None


async def watched(client: ContractClient, url: str, seconds: float) -> str:
    exchange = await client.open(request_to(url), 10)
    exchange.watch(Impatience(seconds, asyncio.get_running_loop().time()))
    received = 0
    try:
        async with asyncio.timeout(HANGS):
            while piece := await exchange.chunk():
                received += len(piece)
    except ProviderTimeoutError as error:
        return str(error)
    finally:
        exchange.close()
    return f"{received} bytes"


@ours_only
def test_a_stream_that_brings_nothing_any_more_is_ended_by_its_watch(
    contract: Contract, listen: Listen
) -> None:
    server = listen(slowly(head("content-length: 99") + b"data: a\n\n", b"b" * 9, 20))

    found = contract.run(lambda client: watched(client, server.url, 0.2))

    assert found == "the answer stalled: nothing came for 0.2 s"
    assert server.left_alone()


@ours_only
def test_a_stream_that_goes_on_is_not_ended_by_its_watch(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(head("content-length: 90"))
        for _ in range(10):
            connection.pause(0.15)
            connection.send(b"data: a\n\n")
        connection.drain()

    server = listen(script)

    assert contract.run(lambda client: watched(client, server.url, 1)) == "90 bytes"


@ours_only
@pytest.mark.parametrize(
    "first",
    [b"", head("content-length: 99") + b"a", head() + b"a"],
    ids=["head", "body", "body that the connection ends"],
)
def test_closing_the_client_ends_what_is_in_progress(
    contract: Contract, listen: Listen, first: bytes
) -> None:
    server = listen(slowly(first, b"a" * 90, 20))

    async def ask(client: ContractClient) -> None:
        task = asyncio.ensure_future(read(client))
        await asyncio.to_thread(server.wait_for, lambda: bool(server.requests))
        await asyncio.sleep(0.1)
        await client.aclose()
        async with asyncio.timeout(HANGS):
            with pytest.raises(RingClosedError):
                await task

    async def read(client: ContractClient) -> bytes:
        exchange = await client.open(request_to(server.url), 10)
        return await exchange.read()

    contract.run(ask)
    assert server.left_alone()
