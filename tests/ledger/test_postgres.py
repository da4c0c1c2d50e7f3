"""The ledger's PostgreSQL database: its version, lost connections and hidden passwords."""

import psycopg
import pytest

from ledgers import entry
from llmring.ledger.columns import TABLE, row_of
from llmring.ledger.migrations import VERSION
from llmring.ledger.postgres import PostgresStore
from llmring.ledger.store import LedgerUnusableError

COUNT = f"SELECT COUNT(*) FROM {TABLE}"  # noqa: S608


def store_with(url: str, *numbers: int) -> PostgresStore:
    store = PostgresStore(url)
    store.write([row_of(entry(number)) for number in numbers])
    return store


def count(store: PostgresStore) -> int:
    [(number,)] = store.query(COUNT, ())
    return int(number)


def test_a_ledger_keeps_the_version_of_its_table(postgres: str) -> None:
    store_with(postgres, 1).close()

    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT version FROM llmring_ledger").fetchall() == [(VERSION,)]


def test_of_a_batch_that_fails_no_row_is_inserted(postgres: str) -> None:
    store = store_with(postgres, 1)
    bad = row_of(entry(3))

    with pytest.raises(LedgerUnusableError):
        store.write([row_of(entry(2)), [*bad[:1], None, *bad[2:]]])

    assert count(store) == 1


def test_after_a_lost_connection_the_next_rows_go_over_a_new_one(postgres: str) -> None:
    store = store_with(postgres, 1)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'llmring'"
        )

    with pytest.raises(LedgerUnusableError):
        store.write([row_of(entry(2))])
    store.write([row_of(entry(2))])

    assert count(store) == 2
    store.close()


def test_a_newer_ledger_is_neither_read_nor_changed(postgres: str) -> None:
    store_with(postgres, 1).close()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("UPDATE llmring_ledger SET version = %s", (VERSION + 1,))
        store = PostgresStore(postgres)

        with pytest.raises(LedgerUnusableError, match="upgrade llmring"):
            store.write([row_of(entry(2))])
        with pytest.raises(LedgerUnusableError, match="upgrade llmring"):
            count(store)

        assert connection.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone() == (1,)  # noqa: S608
        store.close()


def test_a_percent_sign_in_a_statement_is_only_a_character(postgres: str) -> None:
    store = store_with(postgres, 1, 2)

    found = store.query(f"SELECT id FROM {TABLE} WHERE model LIKE '%4o%' AND id = ?", [entry(2).id])  # noqa: S608

    assert [row[0] for row in found] == [entry(2).id]
    store.close()


def test_a_password_that_the_driver_repeats_in_its_error_is_masked() -> None:
    store = PostgresStore("postgresql://keeper:%zzs3cret-0123456789@127.0.0.1:1/x")

    with pytest.raises(LedgerUnusableError, match=r"percent-encoded token: .*\*\*\*") as caught:
        store.write([row_of(entry(1))])

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["[half", "127.0.0.1:port"])
def test_no_password_is_shown_of_an_address_that_cannot_be_parsed(host: str) -> None:
    store = PostgresStore(f"postgresql://keeper:a-plain%2Dpassword@{host}/calls")

    with pytest.raises(LedgerUnusableError) as caught:
        list(store.query(COUNT, ()))

    assert "password" not in str(caught.value)
