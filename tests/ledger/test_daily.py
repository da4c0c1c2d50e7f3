"""The sums by day are those of the calls, whoever writes them, and however often."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import NOON, entry, keep
from llmring.chat.events import Usage
from llmring.ledger.columns import row_of
from llmring.ledger.daily import DAYS, GROUPS, sums_of, usd_plus
from llmring.ledger.entry import LedgerEntry, LoggedAttempt
from llmring.ledger.open import store_at
from llmring.ledger.postgres import PostgresStore
from llmring.ledger.sqlite import SqliteStore
from llmring.ledger.store import Row

NAMES = st.none() | st.sampled_from(["", "a", "Zürich", "x" * 120, "x" * 130])
CALLS = st.builds(
    lambda number, fields: entry(number, **fields),
    number=st.integers(0, 30),
    fields=st.fixed_dictionaries(
        {
            "at": st.integers(-3, 3).map(lambda half: NOON + half * timedelta(hours=12)),
            "project": NAMES,
            "alias": NAMES,
            "key": NAMES,
            "team": NAMES,
            "model": st.none() | st.just("openai:gpt-4o-mini") | st.just("x:y"),
            "outcome": st.sampled_from(["ok", "failed"]),
            "usage": st.none()
            | st.just(Usage(prompt_tokens=3))
            | st.just(Usage(prompt_tokens=2**62, completion_tokens=2**62)),
            "cost": st.none() | st.decimals(0, 10, places=13),
            "cost_reason": st.none() | st.just("no price"),
            "saved": st.none() | st.decimals(0, 1, places=9),
            "cache": st.none() | st.sampled_from(["hit", "miss"]),
            "ms": st.sampled_from([0.0, 100.0, 100.5, 2500.0, 59_999.0, 1e6]),
            "attempts": st.integers(0, 3),
        }
    ),
)


def days(store: SqliteStore | PostgresStore) -> list[list[Any]]:
    """Return the sums, with amounts as numbers."""
    found = store.query(f"SELECT * FROM {DAYS}", ())  # noqa: S608
    amounts = slice(-3, -1)
    rows = [
        [*row[:-3], *(None if each is None else Decimal(each) for each in row[amounts])]
        for row in map(list, found)
    ]
    return sorted(rows, key=repr)


def written(store: SqliteStore | PostgresStore, batches: Sequence[Sequence[LedgerEntry]]) -> None:
    for batch in batches:
        store.write([row_of(each) for each in batch])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CALLS, max_size=12), max_size=4))
def test_sums_are_those_of_the_calls_each_counted_once(batches: list[list[LedgerEntry]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "ledger.sqlite")
        written(store, [*batches, *batches[:2]])
        found = days(store)
        store.recount()

        assert found == days(store)
        assert sum(row[len(GROUPS)] for row in found) == len(
            {each.id for batch in batches for each in batch}
        )
        store.close()


BATCHES = [
    [entry(1), entry(2, cost=Decimal("0.1")), entry(1)],
    [entry(2), entry(3, outcome="failed", cost=None, model=None, usage=None)],
    [entry(4, at=NOON + timedelta(days=1), key="k", team="t", saved=Decimal("0.3"), cache="hit")],
    [entry(5, usage=Usage(prompt_tokens=2**62)), entry(6, usage=Usage(prompt_tokens=2**62))],
]


def test_both_databases_have_the_same_sums(postgres: str, tmp_path: Path) -> None:
    found = []
    for store in (SqliteStore(tmp_path / "ledger.sqlite"), PostgresStore(postgres)):
        written(store, BATCHES)
        kept = days(store)
        store.recount()
        assert kept == days(store)
        found.append(kept)
        store.close()

    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_long_names_are_cut_so_that_every_database_indexes_them(place: Path | str) -> None:
    long = "é" * 5000
    keep(place, entry(1, alias=long, key=long, team=long, session=long, project=long, profile=long))

    store = store_at(place)
    assert [row[3] for row in store.query(f"SELECT * FROM {DAYS}", ())] == [long[:100]]  # noqa: S608


def test_amounts_that_no_database_can_add_are_left_out() -> None:
    calls = [entry(1, cost=Decimal("1E+900000")), entry(2, cost=Decimal(2)), entry(3)]

    [sums] = sums_of([row_of(each) for each in calls])

    assert Decimal(sums[-2]) == Decimal("2.0000027")


def test_the_order_of_sums_does_not_depend_on_that_of_the_calls() -> None:
    calls: list[Row] = [row_of(entry(number, alias=name)) for number, name in enumerate("cab")]

    assert [row[3] for row in sums_of(calls)] == [row[3] for row in sums_of(calls[::-1])]


def test_amounts_are_added_exactly() -> None:
    assert usd_plus("0.1", "0.2") == "0.3"
    assert usd_plus(None, "0.2") == usd_plus("0.2", None) == "0.2"
    assert usd_plus(None, None) is None


def test_a_call_that_fell_back_counts_as_one() -> None:
    call = entry(
        1, story=(LoggedAttempt("x:y", "failed"), LoggedAttempt("openai:gpt-4o-mini", "ok"))
    )

    [sums] = sums_of([row_of(call)])

    assert sums[len(GROUPS) : len(GROUPS) + 3] == (1, 1, 1)
