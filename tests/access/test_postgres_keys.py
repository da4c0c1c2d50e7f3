"""Keys in a PostgreSQL database."""

import psycopg
import pytest

from access_keys import with_key
from llmring.access.key_store import KeyStoreUnusableError
from llmring.access.postgres_keys import PostgresKeyStore


def test_g128_after_a_lost_connection_the_next_look_takes_a_new_one(postgres: str) -> None:
    store = PostgresKeyStore(postgres)
    kept = store.change(with_key())
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND application_name = 'llmring'"
        )

    with pytest.raises(KeyStoreUnusableError):
        store.read()
    assert store.read() == kept
    store.close()


def test_g165_an_error_shows_no_password() -> None:
    store = PostgresKeyStore("postgresql://me:s3cret-0123456789@127.0.0.1:1/x")

    with pytest.raises(KeyStoreUnusableError) as caught:
        store.version()

    assert "s3cret" not in str(caught.value)
    assert "LLMRING_GATEWAY_DB" in str(caught.value)


def test_the_keys_of_a_newer_llmring_in_the_database_are_not_read(postgres: str) -> None:
    store = PostgresKeyStore(postgres)
    store.change(with_key())
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute("UPDATE llmring_access_state SET format = 99")

    for act in (store.version, store.read, lambda: store.change(with_key("other"))):
        with pytest.raises(KeyStoreUnusableError, match="newer"):
            act()
    store.close()
