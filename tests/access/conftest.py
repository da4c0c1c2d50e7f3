"""Stores of keys in SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledgers import PostgresServer, running_postgres
from llmring.access.key_store import KeyStore
from llmring.access.open_key_store import key_store_at


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """Return the address of a database without keys."""
    import psycopg

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS llmring_access, llmring_access_state")
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return the address of a store that does not exist yet."""
    if request.param == "sqlite":
        return tmp_path / "state" / "keys.sqlite"
    url: str = request.getfixturevalue("postgres")
    return url


@pytest.fixture
def store(place: Path | str) -> Iterator[KeyStore]:
    found = key_store_at(place)
    yield found
    found.close()
