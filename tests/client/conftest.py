"""A real Redis or Valkey for the tests that need one."""

from collections.abc import Iterator

import pytest

from redis_server import PROGRAM, RedisServer


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if PROGRAM is None:
        pytest.skip("no valkey-server and no redis-server here; apt-get install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty server."""
    assert redis_server.ask("FLUSHALL") == b"+OK\r\n"
    return redis_server.url
