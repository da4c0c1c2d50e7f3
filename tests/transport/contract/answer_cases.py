"""Answers byte for byte, each with the outcome that the contract demands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import WAYS, Way, outcome_of, request_to
from transport.contract.raw_server import Connection, RawServer, whole

# What the client does with the connection after the answer.
Then = Literal["reuses it", "opens another", "as it likes", "is closed by the server"]


@dataclass(frozen=True)
class AnswerCase:
    """An answer, and what must come of it.

    Attributes:
        name: The ID of the case.
        pieces: The answer, in the pieces in which it is sent.
        expected: The outcome, or those that are allowed.
        then: What becomes of the connection.
        method: The method of the request.
    """

    name: str
    pieces: tuple[bytes, ...]
    expected: str | Collection[str]
    then: Then = "is closed by the server"
    method: str = "POST"

    def __str__(self) -> str:
        return self.name


def case(
    name: str,
    answer: bytes | Iterable[bytes],
    expected: str | Collection[str],
    then: Then = "is closed by the server",
    method: str = "POST",
) -> AnswerCase:
    """Build a case; the answer is one piece, or several."""
    pieces = (answer,) if isinstance(answer, bytes) else tuple(answer)
    return AnswerCase(name, pieces, expected, then, method)


def assert_outcome(contract: Contract, listen: Listen, each: AnswerCase) -> None:
    """Assert the outcome of a case, however the body is read, and of the request after it."""
    wanted = {each.expected} if isinstance(each.expected, str) else set(each.expected)
    if each.then in _AFTER.values():
        wanted = {f"{one}, and {each.then}" for one in wanted}
    for way in WAYS:
        server = listen(_Play(each), _another)
        found, after = contract.run(lambda client: _two(client, server, each, way))  # noqa: B023
        if after not in _AFTER and after:
            # Bytes of the first answer were taken for the second.
            found = f"{found}, and then {after}"
        elif each.then in _AFTER.values():
            found = f"{found}, and {_AFTER[after]}"
        contract.judge(found, wanted)


_AFTER = {
    "200 on the same connection": "reuses it",
    "200 on another connection": "opens another",
}


class _Play:
    def __init__(self, each: AnswerCase) -> None:
        self._case = each

    def __call__(self, connection: Connection) -> None:
        connection.receive()
        connection.send(*self._case.pieces)
        if self._case.then == "is closed by the server":
            connection.half_close()
            connection.drain()
        elif connection.receive() is not None:
            connection.send(whole(b"on the same connection"))


def _another(connection: Connection) -> None:
    while connection.receive() is not None:
        connection.send(whole(b"on another connection"))


async def _two(
    client: ContractClient, server: RawServer, each: AnswerCase, way: Way
) -> tuple[str, str]:
    found = await outcome_of(client, request_to(server.url, each.method), way)
    if each.then == "is closed by the server":
        return found, ""
    return found, await outcome_of(client, request_to(server.url))
