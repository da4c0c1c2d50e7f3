"""The judgement of a case: its outcome for one client against what the contract demands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import ParamSpec, TypeVar

import pytest

from llmring.transport.options import TransportOptions
from transport.contract.contenders import OURS, Contender, ContractClient
from transport.contract.differences import DIFFERENCES
from transport.contract.raw_server import HANGS, RawServer

T = TypeVar("T")
P = ParamSpec("P")

Listen = Callable[..., RawServer]


class Contract:
    """One case for one client.

    Attributes:
        case: The ID of the case.
        contender: The client.
        options: The options of its connections.
    """

    def __init__(self, case: str, contender: Contender) -> None:
        self.case = case
        self.contender = contender
        self.options = TransportOptions()

    def run(self, act: Callable[[ContractClient], Awaitable[T]]) -> T:
        """Act with a client in an event loop of its own, and close both."""

        async def call() -> T:
            client = self.contender.make(self.options)
            try:
                async with asyncio.timeout(4 * HANGS):
                    return await act(client)
            finally:
                await client.aclose()

        return asyncio.run(call())

    def require_giving_up(self) -> None:
        """Skip a case of several requests of which one is given up, if the client can't do that."""
        if not self.contender.gives_up_alone:
            pytest.skip("the requests of synchronous callers are given up together")

    def judge(self, found: str, expected: str | Collection[str]) -> None:
        """Assert the outcome of the case; the oracle's may differ as the table has it."""
        wanted = {expected} if isinstance(expected, str) else set(expected)
        rows = [row for row in DIFFERENCES if row.case == self.case]
        for row in rows:
            assert row.ours in wanted
            assert row.theirs not in wanted
        if rows and not self.contender.is_ours:
            wanted = {row.theirs for row in rows}
        assert found in wanted, f"{found!r} is not in {sorted(wanted)}"


# For what only llmring wants of a client.
ours_only = pytest.mark.parametrize("contender", OURS, ids=str)


def may_leave_sockets(test: Callable[P, T]) -> Callable[P, T]:
    """Mark a test with a body that the server does not read.

    aiohttp leaves its socket to the garbage collector, which must not complain in another test.
    `test_an_upload_that_was_given_up_leaves_no_socket_open` asserts that llmring does not.
    """
    ignoring = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    collecting = pytest.mark.usefixtures("garbage_collected")
    marked: Callable[P, T] = collecting(ignoring(test))
    return marked
