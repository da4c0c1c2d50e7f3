"""Entries turned into rows of the table and back."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers import NOON, entry
from llmring.chat.events import Usage
from llmring.ledger.columns import COLUMNS, entry_of, insertion, microseconds, row_of
from llmring.ledger.entry import LedgerEntry, LoggedAttempt

LARGEST = 2**63 - 1

# Texts without characters that a database refuses.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
COUNTS = st.integers(0, LARGEST)
ENTRIES = st.builds(
    LedgerEntry,
    id=TEXTS,
    at=st.datetimes(timezones=st.just(UTC)),
    kind=st.sampled_from(["chat", "embed"]),
    alias=st.none() | TEXTS,
    profile=TEXTS,
    model=st.none() | TEXTS,
    served_model=st.none() | TEXTS,
    usage=st.none()
    | st.builds(Usage, prompt_tokens=COUNTS, completion_tokens=COUNTS, cached_tokens=COUNTS),
    cost=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    cost_reason=st.none() | TEXTS,
    ms=st.floats(0, 1e9),
    first_ms=st.none() | st.floats(0, 1e9),
    attempts=st.integers(0, 99),
    story=st.lists(
        st.builds(
            LoggedAttempt,
            model=TEXTS,
            outcome=st.sampled_from(["ok", "failed"]),
            ms=st.floats(0, 1e9),
            status=st.none() | st.integers(100, 599),
            reason=st.none() | st.just("ProviderTimeoutError"),
        ),
        max_size=3,
    ).map(tuple),
    outcome=st.sampled_from(["ok", "failed", "cancelled", "refused"]),
    error=st.none() | st.just("ProviderTimeoutError"),
    finish_reason=st.none() | TEXTS,
    stream=st.booleans(),
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    digest=st.none() | TEXTS,
    prompt=st.none() | TEXTS,
    answer=st.none() | TEXTS,
    key=st.none() | TEXTS,
    team=st.none() | TEXTS,
    wire=st.none() | st.just("chat"),
    client=st.none() | TEXTS,
    session=st.none() | TEXTS,
    request_id=st.none() | TEXTS,
    relay=st.none() | st.sampled_from(["verbatim", "adapted", "translated"]),
    notes=st.lists(TEXTS, max_size=3).map(tuple),
    cache=st.none() | st.just("hit"),
    saved=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
)


def named(kept: LedgerEntry) -> dict[str, Any]:
    return dict(zip(COLUMNS, row_of(kept), strict=True))


@given(ENTRIES)
def test_an_entry_read_back_from_its_row_is_the_same(kept: LedgerEntry) -> None:
    assert entry_of(row_of(kept)) == kept


@given(st.text(st.characters(), max_size=20))
def test_any_text_becomes_one_that_every_database_stores(text: str) -> None:
    row = named(
        entry(
            alias=text,
            answer=text,
            tags=(text,),
            story=(LoggedAttempt(text, "ok"),),
            finish_reason=text,
        )
    )

    texts = [value for value in row.values() if isinstance(value, str)]
    assert all("\0" not in value and value.encode() for value in texts if value)
    assert "\\u0000" not in row["tags"] + row["story"]


def test_a_column_holds_only_what_databases_have_a_type_for() -> None:
    row = named(entry(stream=True, tags=("a", "b=c")))

    assert {type(value) for value in row.values()} <= {str, int, float, type(None)}
    assert (row["stream"], row["cost"], row["tags"]) == (1, "0.0000027", '["a","b=c"]')


def test_only_the_counts_that_are_not_zero_are_stored() -> None:
    row = named(entry(usage=Usage(prompt_tokens=10, reasoning_tokens=2)))

    assert json.loads(row["usage"]) == {"prompt_tokens": 10, "reasoning_tokens": 2}
    assert (row["prompt_tokens"], row["completion_tokens"]) == (10, 0)


def test_counts_too_large_for_a_database_are_capped_in_every_column() -> None:
    row = named(entry(usage=Usage(prompt_tokens=2**70, completion_tokens=2**63)))

    assert (row["prompt_tokens"], row["completion_tokens"]) == (LARGEST, LARGEST)
    assert set(json.loads(row["usage"]).values()) == {LARGEST}


def test_unknown_usage_and_cost_are_null_and_not_zero() -> None:
    row = named(entry(usage=None, cost=None))

    assert [row[name] for name in ("prompt_tokens", "completion_tokens", "usage", "cost")] == (
        [None] * 4
    )
    assert named(entry(cost=Decimal(0)))["cost"] == "0"


@pytest.mark.parametrize(
    ("moment", "stored"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), 1_000_005),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (NOON, 1_795_435_200_123_456),
    ],
)
def test_a_time_is_stored_as_microseconds_since_1970_in_utc(moment: datetime, stored: int) -> None:
    assert microseconds(moment) == stored


@pytest.mark.parametrize(("mark", "count"), [("?", 1), ("?", 3), ("%s", 2)])
def test_an_insertion_has_a_placeholder_for_each_value_of_each_row(mark: str, count: int) -> None:
    statement = insertion(mark, count)

    assert statement.count(mark) == count * len(COLUMNS)
    assert statement.endswith("ON CONFLICT (id) DO NOTHING")
