"""Answers that are cut, reset or half-closed: never is a part taken for the whole."""

import asyncio

import pytest

from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import BROKEN, CUT, WAYS, outcome_of, request_to
from transport.contract.raw_server import (
    Connection,
    RawServer,
    Script,
    chunked,
    chunks,
    head,
    split,
    whole,
)

HINTS = head("link: </a>", status="103 Early Hints")
BODY = b"hello"

# Each is complete only with its last byte.
ANSWERS = {
    "a length": whole(BODY),
    "chunks": chunked(b"he", b"llo"),
    "trailers": head("transfer-encoding: chunked") + b"5\r\nhello\r\n0\r\nx-a: b\r\n\r\n",
    "an interim answer first": HINTS + whole(BODY),
}


def half_closed(connection: Connection) -> None:
    connection.half_close()
    connection.drain()


# What the server does after the last byte.
ENDS: dict[str, Script] = {
    "closed": Connection.close,
    "half-closed": half_closed,
    "reset": Connection.reset,
}


def cutting(answer: bytes, end: Script) -> Script:
    """Send one byte less of the answer on each connection, from all but one down to none."""

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(answer[: len(answer) - 1 - connection.number])
        end(connection)

    return script


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        *((answer, "closed") for answer in ANSWERS),
        *((answer, end) for answer in ("a length", "chunks") for end in ("half-closed", "reset")),
    ],
)
def test_an_answer_that_is_cut_at_any_byte_is_an_error(
    contract: Contract, listen: Listen, answer: str, end: str
) -> None:
    server = listen(cutting(ANSWERS[answer], ENDS[end]))
    count = len(ANSWERS[answer])

    async def ask(client: ContractClient) -> set[str]:
        return {
            await outcome_of(client, request_to(server.url), WAYS[number % 2])
            for number in range(count)
        }

    found = contract.run(ask)
    assert server.connections == count
    contract.judge(", ".join(sorted(found)), CUT)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_may_come_in_two_pieces_split_anywhere(
    contract: Contract, listen: Listen, answer: str
) -> None:
    data = ANSWERS[answer]

    def script(connection: Connection) -> None:
        for at in range(1, len(data)):
            connection.receive()
            connection.send(*split(data, [at]))

    server = listen(script)

    async def ask(client: ContractClient) -> set[str]:
        return {
            await outcome_of(client, request_to(server.url), WAYS[at % 2])
            for at in range(1, len(data))
        }

    contract.judge(", ".join(sorted(contract.run(ask))), "200 hello")
    assert server.connections == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_may_come_byte_by_byte(contract: Contract, listen: Listen, answer: str) -> None:
    data = ANSWERS[answer]

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(*split(data, range(1, len(data))))
        connection.drain()

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    contract.judge(found, "200 hello")


@pytest.mark.parametrize("end", ENDS)
def test_a_whole_answer_is_one_even_if_the_connection_ends_with_it(
    contract: Contract, listen: Listen, end: str
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(whole(BODY))
        ENDS[end](connection)

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    # A reset may overtake what was sent before it.
    contract.judge(found, {"200 hello", CUT} if end == "reset" else "200 hello")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_ends_before_the_answer_is_an_error(
    contract: Contract, listen: Listen, method: str, end: str
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        ENDS[end](connection)

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url, method)))

    contract.judge(found, CUT)


@pytest.mark.parametrize("end", ENDS)
def test_a_connection_that_ends_before_the_request_is_an_error(
    contract: Contract, listen: Listen, end: str
) -> None:
    server = listen(ENDS[end])
    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    contract.judge(found, CUT)


async def pieces_until_the_error(client: ContractClient, server: RawServer) -> str:
    """Read only when all has arrived: first what came before the cut, then the cut."""
    exchange = await client.open(request_to(server.url), 10)
    await asyncio.to_thread(server.left_alone)
    await asyncio.sleep(0.02)
    pieces = []
    try:
        while piece := await exchange.chunk():
            pieces.append(piece)
    except Exception as error:  # noqa: BLE001 - the contract judges it by its name
        return f"{b''.join(pieces).decode()}, then {type(error).__name__}"
    finally:
        exchange.close()
    return f"{b''.join(pieces).decode()}, then the end"


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("end", ["closed", "reset"])
def test_what_arrived_before_a_cut_is_given_before_the_error(
    contract: Contract, listen: Listen, framing: str, end: str
) -> None:
    is_chunked = framing == "chunked"
    first = head("transfer-encoding: chunked") if is_chunked else head("content-length: 99")

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(first)
        connection.pause(0.05)
        connection.send(chunks(BODY)[:-5] if is_chunked else BODY)
        # A reset at once would overtake the bytes.
        connection.pause(0.05)
        ENDS[end](connection)

    server = listen(script)
    found = contract.run(lambda client: pieces_until_the_error(client, server))

    contract.judge(found, f"hello, then {CUT}")


def test_what_arrived_before_a_damaged_chunk_is_given_before_the_error(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(head("transfer-encoding: chunked"))
        connection.pause(0.05)
        connection.send(b"5\r\nhello\r\nzz\r\n")

    server = listen(script)
    found = contract.run(lambda client: pieces_until_the_error(client, server))

    contract.judge(found, {f"hello, then {fault}" for fault in BROKEN})


DAMAGED = {
    "the first chunk": [head("transfer-encoding: chunked"), b"zz\r\n"],
    "the second chunk": [head("transfer-encoding: chunked"), b"5\r\nhello\r\nzz\r\n"],
    "the second chunk, later": [head("transfer-encoding: chunked") + b"5\r\nhello\r\n", b"zz\r\n"],
    "the end of a chunk": [head("transfer-encoding: chunked"), b"5\r\nhello__"],
    "a trailer": [head("transfer-encoding: chunked"), b"0\r\nnonsense\r\n\r\n"],
}


def test_a_chunk_that_is_damaged_after_the_head_is_an_error_at_once(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        for piece in [*DAMAGED.values()][connection.number // 2]:
            connection.send(piece)
            connection.pause(0.05)
        connection.drain()

    server = listen(script)

    async def ask(client: ContractClient) -> str:
        for _ in DAMAGED:
            for way in WAYS:
                if await outcome_of(client, request_to(server.url), way, 1) not in BROKEN:
                    return "no end"
        return "an error"

    contract.judge(contract.run(ask), "an error")
