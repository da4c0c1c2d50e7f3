"""Ledgers in SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledgers import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """Return the address of a database without a ledger."""
    import psycopg

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(
            "DROP TABLE IF EXISTS llmring_calls, llmring_ledger, llmring_days, llmring_chores"
        )
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return the address of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return tmp_path / "state" / "ledger.sqlite"
    url: str = request.getfixturevalue("postgres")
    return url
