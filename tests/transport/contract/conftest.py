"""The fixtures of the contract: a client after the other, servers, and the judgement of a case."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from transport.contract.contenders import CLIENTS, Contender
from transport.contract.differences import NOT_YET
from transport.contract.judgement import Contract, Listen
from transport.contract.raw_server import RawServer, Script


def case_of(item: pytest.Item) -> str:
    """Return the ID of a test's case: its own, or the name of the test in words."""
    assert isinstance(item, pytest.Function)
    call = getattr(item, "callspec", None)
    case = call.params.get("case") if call else None
    return str(case) if case is not None else item.originalname[5:].replace("_", " ")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that llmring's client fails for now."""
    for item in items:
        if isinstance(item, pytest.Function) and "contract" in item.fixturenames:
            contender = item.callspec.params.get("contender")
            reason = NOT_YET.get(case_of(item))
            if reason and isinstance(contender, Contender) and contender.is_ours:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(params=CLIENTS, ids=str)
def contender(request: pytest.FixtureRequest) -> Contender:
    assert isinstance(request.param, Contender)
    return request.param


@pytest.fixture
def contract(request: pytest.FixtureRequest, contender: Contender) -> Contract:
    return Contract(case_of(request.node), contender)


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start servers, each with a script for every connection."""
    servers: list[RawServer] = []

    def start(*scripts: Script) -> RawServer:
        servers.append(RawServer(*scripts))
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()
    assert [failure for server in servers for failure in server.failures] == []


@pytest.fixture
def garbage_collected() -> Iterator[None]:
    """Collect the garbage of this test before the next one."""
    yield
    gc.collect()
