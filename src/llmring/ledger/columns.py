"""The ledger's table, shared by SQLite and PostgreSQL, and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from llmring.chat.events import Usage
from llmring.chat.parsed_request import Relay
from llmring.ledger.entry import Kind, LedgerEntry, LoggedAttempt, Outcome, fell_back
from llmring.ledger.store import Row

TABLE = "llmring_calls"

# The columns of version 1, which never change.
# Times are whole microseconds since 1970 in UTC. Amounts are text, to keep them exact.
FIRST: Mapping[str, str] = {
    "id": "TEXT PRIMARY KEY",
    "at": "BIGINT NOT NULL",
    "kind": "TEXT NOT NULL",
    "alias": "TEXT",
    "profile": "TEXT NOT NULL",
    "model": "TEXT",
    "served_model": "TEXT",
    "prompt_tokens": "BIGINT",
    "completion_tokens": "BIGINT",
    "usage": "TEXT",
    "cost": "TEXT",
    "cost_reason": "TEXT",
    "ms": "DOUBLE PRECISION NOT NULL",
    "first_ms": "DOUBLE PRECISION",
    "attempts": "INTEGER NOT NULL",
    "story": "TEXT NOT NULL",
    "fell_back": "INTEGER NOT NULL",
    "outcome": "TEXT NOT NULL",
    "error": "TEXT",
    "finish_reason": "TEXT",
    "stream": "INTEGER NOT NULL",
    "tags": "TEXT NOT NULL",
    "digest": "TEXT",
    "prompt": "TEXT",
    "answer": "TEXT",
}

# The columns that each later version has added.
ADDED: Sequence[Mapping[str, str]] = (
    {"project": "TEXT", "lockfile": "TEXT"},
    {
        "key": "TEXT",
        "team": "TEXT",
        "wire": "TEXT",
        "client": "TEXT",
        "session": "TEXT",
        "request_id": "TEXT",
        "relay": "TEXT",
        "notes": "TEXT",
        "cache": "TEXT",
        "saved": "TEXT",
    },
)

COLUMNS: Mapping[str, str] = {
    **FIRST,
    **{name: kind for columns in ADDED for name, kind in columns.items()},
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Providers may send any number; this is the largest that a BIGINT holds.
_LARGEST = 2**63 - 1

# Characters of what clients send. PostgreSQL indexes no texts that are much longer.
_LONGEST = 200

_STORY = msgspec.json.Decoder(tuple[LoggedAttempt, ...])
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_USAGE = msgspec.json.Decoder(Usage)
_ENCODER = msgspec.json.Encoder()


def insertion(mark: str, count: int = 1) -> str:
    """Return the statement that inserts rows, except those already there.

    Args:
        mark: The placeholder of a value.
        count: Number of rows.
    """
    row = f"({', '.join([mark] * len(COLUMNS))})"
    return (
        f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES {', '.join([row] * count)} "  # noqa: S608
        "ON CONFLICT (id) DO NOTHING"
    )


def removal(condition: str, most: int) -> str:
    """Return the statement that removes the oldest rows that meet a condition.

    Args:
        condition: " WHERE …", or empty for all rows.
        most: The largest number of rows to remove.
    """
    oldest = f"SELECT id FROM {TABLE}{condition} ORDER BY at LIMIT {most:d}"  # noqa: S608
    return f"DELETE FROM {TABLE} WHERE id IN ({oldest})"  # noqa: S608


def microseconds(moment: datetime) -> int:
    """Return a time as the table stores it."""
    return (moment - _EPOCH) // _MICROSECOND


def row_of(entry: LedgerEntry) -> Row:
    """Return an entry's values, in the order of the columns."""
    fields = msgspec.structs.asdict(entry)
    fields["at"] = microseconds(entry.at)
    return row(**fields)


def row(  # noqa: PLR0913 -- one for each column
    *,
    id: str,  # noqa: A002 -- the names of the columns
    at: int,
    kind: Kind,
    alias: str | None,
    profile: str,
    model: str | None,
    served_model: str | None,
    usage: Usage | None,
    cost: Decimal | None,
    cost_reason: str | None,
    ms: float,
    first_ms: float | None,
    attempts: int,
    story: Sequence[LoggedAttempt],
    outcome: Outcome,
    error: str | None,
    finish_reason: str | None,
    stream: bool,
    tags: Sequence[str],
    digest: str | None,
    prompt: str | None,
    answer: str | None,
    project: str | None,
    lockfile: str | None,
    key: str | None = None,
    team: str | None = None,
    wire: str | None = None,
    client: str | None = None,
    session: str | None = None,
    request_id: str | None = None,
    relay: Relay | None = None,
    notes: Sequence[str] = (),
    cache: str | None = None,
    saved: Decimal | None = None,
) -> Row:
    """Return the values of a call, in the order of the columns.

    The arguments are the attributes of `LedgerEntry`, but `at` is in microseconds since 1970.
    """
    texts: tuple[str | None, ...] = (alias, model, served_model, cost_reason, finish_reason)
    texts = (*texts, digest, prompt, answer, profile)
    whole = "".join(filter(None, texts))
    if not whole.isascii() or "\0" in whole:
        texts = tuple(map(_clean, texts))
    alias, model, served_model, cost_reason, finish_reason, digest, prompt, answer, name = texts
    return (
        id,
        at,
        kind,
        alias,
        name,
        model,
        served_model,
        None if usage is None else min(usage.prompt_tokens, _LARGEST),
        None if usage is None else min(usage.completion_tokens, _LARGEST),
        None if usage is None else _counts(usage),
        None if cost is None else str(Decimal(cost)),
        cost_reason,
        ms,
        first_ms,
        attempts,
        _json([_cleaned(each) for each in story]),
        int(fell_back(model, story)),
        outcome,
        error,
        finish_reason,
        int(stream),
        _json([_clean(tag) for tag in tags]) if tags else "[]",
        digest,
        prompt,
        answer,
        project,
        lockfile,
        key and _short(key),
        team and _short(team),
        wire,
        client and _short(client),
        session and _short(session),
        request_id and _short(request_id),
        relay,
        _json([_clean(note) for note in notes]) if notes else None,
        cache,
        None if saved is None else str(Decimal(saved)),
    )


def entry_of(row: Sequence[Any]) -> LedgerEntry:
    """Build an entry from the values of the columns, in their order."""
    fields = dict(zip(COLUMNS, row, strict=True))
    for name in ("prompt_tokens", "completion_tokens", "fell_back"):
        del fields[name]
    usage, cost = fields["usage"], fields["cost"]
    fields["at"] = _EPOCH + fields["at"] * _MICROSECOND
    fields["usage"] = None if usage is None else _USAGE.decode(usage)
    fields["cost"] = None if cost is None else Decimal(cost)
    fields["story"] = _STORY.decode(fields["story"])
    fields["tags"] = _TEXTS.decode(fields["tags"])
    fields["stream"] = bool(fields["stream"])
    fields["notes"] = () if fields["notes"] is None else _TEXTS.decode(fields["notes"])
    fields["saved"] = None if fields["saved"] is None else Decimal(fields["saved"])
    return LedgerEntry(**fields)


# A `Usage` that leaves out the counts that are zero.
_Counts = msgspec.defstruct(
    "_Counts",
    [(each.name, each.type, each.default) for each in msgspec.structs.fields(Usage)],
    omit_defaults=True,
)


def _counts(usage: Usage) -> str:
    """Return the counts that are not zero, as JSON."""
    values = msgspec.structs.astuple(usage)
    if usage.service_tier is None and max(values[:-1]) <= _LARGEST:
        return _json(_Counts(*values))
    return _json(
        {
            name: min(count, _LARGEST) if isinstance(count, int) else _clean(count)
            for name, count in msgspec.structs.asdict(usage).items()
            if count
        }
    )


def _cleaned(attempt: LoggedAttempt) -> LoggedAttempt:
    if attempt.model.isascii() and "\0" not in attempt.model:
        return attempt
    cleaned: LoggedAttempt = msgspec.structs.replace(attempt, model=_clean(attempt.model))
    return cleaned


def _json(value: object) -> str:
    return _ENCODER.encode(value).decode()


def _short(text: str) -> str | None:
    return _clean(text[:_LONGEST])


def _clean(text: str | None) -> str | None:
    """Replace what PostgreSQL does not store: NUL characters and lone surrogates."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
