"""Reading the ledger: its entries, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from llmring.ledger.columns import COLUMNS, TABLE, entry_of, microseconds
from llmring.ledger.entry import LedgerEntry
from llmring.ledger.open import store_at
from llmring.ledger.store import LedgerUnusableError, unreadable

# The columns that a filter compares with its attributes of these names.
_EQUAL = ("lockfile", "key", "team", "wire", "session", "request_id", "id")


class CallFilter(Struct, frozen=True, kw_only=True):
    """A filter of calls; a field left out does not filter.

    Attributes:
        since: Calls that began then or later.
        until: Calls that began before.
        alias: Calls of this alias.
        model: Calls that this model answered, "provider:model".
        failed: Only calls without an answer.
        ended: Calls that ended then or later.
        projects: Calls of these projects; see `LedgerEntry`.
        lockfile: Calls made with the lockfile at this path.
        key: Calls with this key of a gateway.
        team: Calls with a key of this team.
        wire: Calls of clients that speak this API.
        client: Calls of this client program, with its version ("name/1.2") or without.
        session: Calls of this conversation, by the client's own ID.
        request_id: The call of this request.
        id: The call with this ID.
    """

    since: datetime | None = None
    until: datetime | None = None
    alias: str | None = None
    model: str | None = None
    failed: bool = False
    ended: datetime | None = None
    projects: tuple[str, ...] | None = None
    lockfile: str | None = None
    key: str | None = None
    team: str | None = None
    wire: str | None = None
    client: str | None = None
    session: str | None = None
    request_id: str | None = None
    id: str | None = None

    def condition(self) -> tuple[str, list[object]]:
        """Return the condition in SQL, and the values of its placeholders."""
        clauses: list[tuple[str, object]] = []
        if self.since is not None:
            clauses.append(("at >= ?", microseconds(self.since)))
        if self.until is not None:
            clauses.append(("at < ?", microseconds(self.until)))
        if self.alias is not None:
            clauses.append(("alias = ?", self.alias))
        if self.model is not None:
            clauses.append(("model = ?", self.model))
        if self.failed:
            clauses.append(("outcome <> ?", "ok"))
        if self.ended is not None:
            clauses.append(("at + ms * 1000 >= ?", microseconds(self.ended)))
        equal = [(name, getattr(self, name)) for name in _EQUAL]
        clauses += [(f"{name} = ?", value) for name, value in equal if value is not None]
        conditions = [clause for clause, _ in clauses]
        values = [value for _, value in clauses]
        if self.projects is not None:
            conditions.append(f"project IN ({', '.join('?' * len(self.projects))})")
            values += self.projects
        if self.client is not None:
            version = f"{self.client}/"
            conditions.append(f"(client = ? OR SUBSTR(client, 1, {len(version)}) = ?)")
            values += [self.client, version]
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values


def entries(
    place: Path | str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    alias: str | None = None,
    model: str | None = None,
    projects: tuple[str, ...] | None = None,
    limit: int | None = None,
) -> Iterator[LedgerEntry]:
    """Yield the calls in a ledger, the newest last; nothing if the ledger does not exist.

    Args:
        place: Its file, or the address of its PostgreSQL database.
        since: Only calls that began then or later.
        until: Only calls that began before.
        alias: Only calls of this alias.
        model: Only calls that this model answered, "provider:model".
        projects: Only calls of these projects; None for all.
        limit: At most this many, the newest ones.

    Raises:
        ConfigurationError: The ledger can't be read.
    """
    span = CallFilter(since=since, until=until, alias=alias, model=model, projects=projects)
    return entries_in(place, span, limit=limit)


def entries_in(
    place: Path | str, span: CallFilter, *, limit: int | None = None
) -> Iterator[LedgerEntry]:
    """Yield the calls that match a filter, the newest last; see `entries`."""
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
