"""Gateways on several machines, which share their keys by PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from access_keys import NOON, OPS, WEB, with_key
from cli.terminal import lockfile_of, write
from gateway_process import GatewayProcess, started
from ledgers import PostgresServer, running_postgres
from llmring.access.key_edits import revoked_key
from llmring.access.postgres_keys import PostgresKeyStore


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def status(gateway: GatewayProcess, key: str) -> int:
    body = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}
    return gateway.ask("POST", body=body, x_api_key=key).status


def test_g117_g128_g130_keys_are_those_of_postgresql_and_go_on_without_it(
    postgres: PostgresServer,
) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    store = PostgresKeyStore(postgres.url)
    store.change(with_key())
    store.change(with_key("ops", OPS))
    env = {"LLMRING_GATEWAY_DB": postgres.url}
    with started(env=env) as one, started(env=env) as two:
        both = (one, two)
        before = [status(each, key) for each in both for key in (WEB, OPS)]
        store.change(revoked_key("web", NOON))
        store.close()
        time.sleep(2)
        revoked = [status(each, key) for each in both for key in (WEB, OPS)]
        postgres.stop()
        time.sleep(1.5)
        began = time.monotonic()
        gone = [status(each, key) for each in both for key in (WEB, OPS)]
        took = time.monotonic() - began

        assert before == [200] * 4
        assert revoked == gone == [401, 200] * 2
        # No call waits for the database.
        assert took < 2
        assert one.ask("GET", "/readyz").status == 200
