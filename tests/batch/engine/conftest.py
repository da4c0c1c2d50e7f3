"""Servers for batches."""

from collections.abc import Callable, Iterator

import pytest

from row_upstream import Decide, RowUpstream, say_hi


@pytest.fixture
def upstream() -> Iterator[Callable[..., RowUpstream]]:
    servers: list[RowUpstream] = []

    def start(decide: Decide = say_hi, seconds: float = 0.0) -> RowUpstream:
        servers.append(RowUpstream(decide, seconds))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
