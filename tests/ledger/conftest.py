"""Ledgers in SQLite and PostgreSQL."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledgers import PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    obstacle = PostgresServer.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
        # Outside of pytest's own folder, which the server's user may not enter.
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """Return the address of a database without a ledger."""
    import psycopg

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS llmring_calls, llmring_ledger")
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return the address of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return tmp_path / "state" / "ledger.sqlite"
    url: str = request.getfixturevalue("postgres")
    return url
