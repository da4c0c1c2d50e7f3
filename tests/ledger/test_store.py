"""The interface that both databases share: rows in, rows out, and errors with a fix."""

from decimal import Decimal
from pathlib import Path

import pytest

from ledgers import entry
from llmring.ledger.columns import TABLE, row_of
from llmring.ledger.open import store_at
from llmring.ledger.store import LedgerUnusableError, display_place, too_new, unreadable

ADDRESS = "postgresql://keeper:s3cret-0123456789@db.example:5432/ledger?sslkey=hidden"


def test_rows_that_are_already_there_are_skipped(place: Path | str) -> None:
    store = store_at(place)
    store.write([row_of(entry(1))])
    store.write([row_of(entry(1, alias="other")), row_of(entry(2))])
    store.close()

    found = store.query(f"SELECT id, alias FROM {TABLE} ORDER BY id", ())  # noqa: S608

    assert [tuple(row) for row in found] == [(entry(1).id, "fast"), (entry(2).id, "fast")]


def test_a_batch_with_a_row_that_does_not_fit_is_an_error_and_the_store_goes_on(
    place: Path | str,
) -> None:
    store = store_at(place)
    bad = [None, *row_of(entry(2))[1:3], None, None, *row_of(entry(2))[5:]]
    with pytest.raises(LedgerUnusableError):
        store.write([bad])

    store.write([row_of(entry(1))])
    store.close()

    assert [tuple(row) for row in store.query(f"SELECT COUNT(*) FROM {TABLE}", ())] == [(1,)]  # noqa: S608


def test_a_statement_may_use_values_days_tags_and_exact_sums(place: Path | str) -> None:
    store = store_at(place)
    store.write(
        [
            row_of(entry(1, cost=Decimal("0.1"), tags=("a", "100%"))),
            row_of(entry(2, cost=Decimal("0.000000000000000000000000000002"), tags=("a",))),
            row_of(entry(3, cost=None, alias="slow")),
        ]
    )
    store.close()

    [total] = store.query(f"SELECT usd_sum(cost) FROM {TABLE} WHERE alias = ?", ["fast"])  # noqa: S608
    [nothing] = store.query(f"SELECT usd_sum(cost) FROM {TABLE} WHERE alias = ?", ["slow"])  # noqa: S608
    [day] = store.query(f"SELECT DISTINCT day_of(at) FROM {TABLE}", ())  # noqa: S608
    tags = store.query(
        f"SELECT TAG, COUNT(*) FROM {TABLE}, TAGS WHERE TAG LIKE '%' GROUP BY TAG ORDER BY TAG",  # noqa: S608
        (),
    )

    assert total[0] == "0.100000000000000000000000000002"
    assert nothing[0] is None
    assert day[0] == "2026-11-23"
    assert [tuple(row) for row in tags] == [("100%", 1), ("a", 2)]


def test_a_ledger_that_does_not_exist_has_no_rows(place: Path | str) -> None:
    assert list(store_at(place).query(f"SELECT * FROM {TABLE}", ())) == []  # noqa: S608


def test_a_wrong_statement_is_an_error_of_the_ledger(place: Path | str) -> None:
    store = store_at(place)
    store.write([row_of(entry(1))])
    store.close()

    with pytest.raises(LedgerUnusableError):
        list(store.query("SELECT nonsense FROM nowhere", ()))


def test_a_closed_store_can_be_closed_again_and_written_again(place: Path | str) -> None:
    store = store_at(place)
    store.close()
    store.write([row_of(entry(1))])
    store.close()
    store.write([row_of(entry(2))])
    store.close()

    assert [row[0] for row in store.query(f"SELECT COUNT(*) FROM {TABLE}", ())] == [2]  # noqa: S608


def test_the_place_of_a_ledger_is_shown_without_login_and_query(tmp_path: Path) -> None:
    assert display_place(ADDRESS) == "postgresql://***@db.example:5432/ledger"
    assert display_place(tmp_path / "ledger.sqlite") == str(tmp_path / "ledger.sqlite")


def test_the_error_for_an_unreadable_ledger_gives_place_reason_and_fix() -> None:
    assert str(unreadable(ADDRESS, LedgerUnusableError("it is down"))) == (
        "can't read the ledger postgresql://***@db.example:5432/ledger: it is down; "
        "set LLMRING_LEDGER_URL to use another"
    )


def test_the_error_for_a_newer_ledger_asks_to_upgrade() -> None:
    assert "version 9, made by a newer llmring; upgrade llmring" in str(too_new(9))
    assert not too_new(9).passing
