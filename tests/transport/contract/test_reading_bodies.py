"""Bodies as the caller reads them: piece by piece as they come, and no faster than it reads."""

import asyncio
import threading
import zlib
from collections.abc import Callable

import pytest

from llmring.transport.exchange import Exchange
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, ours_only
from transport.contract.outcomes import request_to
from transport.contract.raw_server import HANGS, Connection, always, chunked, head, whole

MIB = 2**20
PIECE = b"0123456789abcdef" * 2**12  # 64 KiB
PIECES = 64 * MIB // len(PIECE)

# More than the kernel holds of a connection on both sides, and far less than the body.
UNREAD = 32 * MIB


def as_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


# The head, and the form of each piece.
FRAMINGS: dict[str, tuple[bytes, Callable[[bytes], bytes], bytes]] = {
    "length": (head("content-length: 15"), bytes, b""),
    "chunked": (head("transfer-encoding: chunked"), as_chunk, b"0\r\n\r\n"),
    "ended by the connection": (head(), bytes, b""),
}


async def next_piece(exchange: Exchange, size: int) -> bytes:
    """Read until this many bytes have come."""
    data = b""
    async with asyncio.timeout(HANGS):
        while len(data) < size:
            piece = await exchange.chunk()
            assert piece
            data += piece
    return data


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_piece_is_given_before_the_next_one_is_sent(
    contract: Contract, listen: Listen, framing: str
) -> None:
    first, form, end = FRAMINGS[framing]
    read = threading.Semaphore(0)

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(first)
        for piece in (b"one  ", b"two  ", b"three"):
            connection.send(form(piece))
            # Not before the client has this one.
            if not read.acquire(timeout=HANGS):
                return
        connection.send(end)

    server = listen(script)

    async def ask(client: ContractClient) -> list[bytes]:
        exchange = await client.open(request_to(server.url), 10)
        pieces = []
        for _ in range(3):
            pieces.append(await next_piece(exchange, 5))
            read.release()
        pieces.append(await exchange.chunk())
        exchange.close()
        return pieces

    assert contract.run(ask) == [b"one  ", b"two  ", b"three", b""]


@ours_only
def test_a_packed_piece_is_given_before_the_next_one_is_sent(
    contract: Contract, listen: Listen
) -> None:
    read = threading.Semaphore(0)

    def script(connection: Connection) -> None:
        packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        connection.receive()
        connection.send(head("content-encoding: gzip", "transfer-encoding: chunked"))
        for piece in (b"one  ", b"two  ", b"three"):
            connection.send(as_chunk(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)))
            if not read.acquire(timeout=HANGS):
                return
        connection.send(as_chunk(packer.flush()) + b"0\r\n\r\n")

    server = listen(script)

    async def ask(client: ContractClient) -> list[bytes]:
        exchange = await client.open(request_to(server.url), 10)
        pieces = []
        for _ in range(3):
            pieces.append(await next_piece(exchange, 5))
            read.release()
        pieces.append(await exchange.chunk())
        exchange.close()
        return pieces

    assert contract.run(ask) == [b"one  ", b"two  ", b"three", b""]


@pytest.mark.parametrize("answer", [whole(b"hello"), chunked(b"hello")], ids=["length", "chunked"])
def test_after_the_end_there_is_only_the_end(
    contract: Contract, listen: Listen, answer: bytes
) -> None:
    server = listen(always(lambda _: answer))

    async def ask(client: ContractClient) -> list[bytes]:
        exchange = await client.open(request_to(server.url), 10)
        first = await next_piece(exchange, 5)
        after = [await exchange.chunk() for _ in range(3)]
        await exchange.finish()
        exchange.close()
        exchange.close()
        return [first, *after]

    assert contract.run(ask) == [b"hello", b"", b"", b""]
    assert server.connections == 1


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_the_rest_of_a_body_can_be_read_as_a_whole(
    contract: Contract, listen: Listen, framing: str
) -> None:
    first, form, end = FRAMINGS[framing]
    read = threading.Event()

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(first, form(b"one  "))
        read.wait(HANGS)
        connection.send(form(b"two  "), form(b"three"), end)

    server = listen(script)

    async def ask(client: ContractClient) -> list[bytes]:
        exchange = await client.open(request_to(server.url), 10)
        piece = await next_piece(exchange, 5)
        read.set()
        rest = await exchange.read()
        exchange.close()
        return [piece, rest]

    assert contract.run(ask) == [b"one  ", b"two  three"]


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_a_body_that_is_not_read_is_not_taken_from_the_server(
    contract: Contract, listen: Listen, is_chunked: bool
) -> None:
    sent = [0]
    framing = "transfer-encoding: chunked" if is_chunked else f"content-length: {64 * MIB}"

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(head(framing))
        for _ in range(PIECES):
            if not connection.send(as_chunk(PIECE) if is_chunked else PIECE):
                return
            sent[0] += len(PIECE)
        connection.send(b"0\r\n\r\n" if is_chunked else b"")
        connection.receive()

    server = listen(script)

    async def ask(client: ContractClient) -> tuple[int, int]:
        exchange = await client.open(request_to(server.url), 10)
        await asyncio.sleep(0.5)
        unread, received = sent[0], 0
        async with asyncio.timeout(2 * HANGS):
            while piece := await exchange.chunk():
                received += len(piece)
        exchange.close()
        return unread, received

    unread, received = contract.run(ask)
    assert unread < UNREAD
    assert received == 64 * MIB
