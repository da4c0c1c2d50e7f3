"""The ledger read: its entries, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from llmring.ledger.columns import COLUMNS, TABLE, entry_of, microseconds
from llmring.ledger.entry import Entry
from llmring.ledger.store import LedgerUnusableError, store_at, unreadable


class Span(Struct, frozen=True, kw_only=True):
    """Which calls are meant; left out, all are.

    Attributes:
        since: Those that began then or later.
        until: Those that began before.
        alias: Those of this alias.
        model: Those that this model answered, "provider:model".
        failed: Those that brought no answer.
        ended: Those that ended then or later.
    """

    since: datetime | None = None
    until: datetime | None = None
    alias: str | None = None
    model: str | None = None
    failed: bool = False
    ended: datetime | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The condition in SQL, and the values for its marks."""
        wishes: list[tuple[str, object]] = []
        if self.since is not None:
            wishes.append(("at >= ?", microseconds(self.since)))
        if self.until is not None:
            wishes.append(("at < ?", microseconds(self.until)))
        if self.alias is not None:
            wishes.append(("alias = ?", self.alias))
        if self.model is not None:
            wishes.append(("model = ?", self.model))
        if self.failed:
            wishes.append(("outcome <> ?", "ok"))
        if self.ended is not None:
            wishes.append(("at + ms * 1000 >= ?", microseconds(self.ended)))
        condition = " AND ".join(wish for wish, _ in wishes)
        return (f" WHERE {condition}" if condition else ""), [value for _, value in wishes]


def entries(
    place: Path | str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    alias: str | None = None,
    model: str | None = None,
    limit: int | None = None,
) -> Iterator[Entry]:
    """The calls that a ledger has, the newest last; none where there is no ledger.

    Args:
        place: Its file, or the address of its PostgreSQL database.
        since: Only calls that began then or later.
        until: Only calls that began before.
        alias: Only calls of this alias.
        model: Only calls that this model answered, "provider:model".
        limit: Only so many, the newest ones.

    Raises:
        ConfigurationError: It can't be read.
    """
    return entries_in(place, Span(since=since, until=until, alias=alias, model=model), limit=limit)


def entries_in(place: Path | str, span: Span, *, limit: int | None = None) -> Iterator[Entry]:
    """The calls that are meant, the newest last; see `entries`."""
    condition, values = span.condition()
    columns = ", ".join(COLUMNS)
    chosen = f"SELECT {columns} FROM {TABLE}{condition} ORDER BY at"  # noqa: S608 -- our own words
    if limit is not None:
        newest = f"{chosen} DESC, id DESC LIMIT {limit:d}"
        chosen = f"SELECT {columns} FROM ({newest}) AS newest ORDER BY at"  # noqa: S608
    try:
        for row in store_at(place).query(f"{chosen}, id", values):
            yield entry_of(row)
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None
