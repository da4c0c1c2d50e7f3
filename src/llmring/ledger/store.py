"""Where a ledger is kept: what every database of it can do, and which one a place means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from llmring.exceptions import ConfigurationError

Row = Sequence[Any]


class LedgerUnusableError(Exception):
    """A ledger that can't be written to or read.

    Attributes:
        passing: Whether it is only that others are at work in it.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class Store(Protocol):
    """One process's way to one ledger."""

    def write(self, rows: Sequence[Row]) -> None:
        """Enter rows, all or none; those that are there already are passed over.

        Raises:
            LedgerUnusableError: They could not be entered.
        """

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows that a statement gives; none where there is no ledger yet.

        Args:
            statement: It may use "?" for a value, `usd_sum(cost)`, `day_of(at)` and `TAGS`.
            values: What the marks stand for.

        Raises:
            LedgerUnusableError: It could not be read.
        """

    def close(self) -> None:
        """Let the connection go."""


def store_at(place: Path | str) -> Store:
    """The way to a ledger; nothing is opened yet.

    Args:
        place: Its file, or the address of its PostgreSQL database.
    """
    if isinstance(place, Path):
        from llmring.ledger.sqlite import SqliteStore

        return SqliteStore(place)
    from llmring.ledger.postgres import PostgresStore

    return PostgresStore(place)


def too_new(version: int) -> LedgerUnusableError:
    """The refusal of a ledger that this llmring is too old for."""
    return LedgerUnusableError(
        f"it is of version {version}, made by a newer llmring; upgrade llmring"
    )


def unreadable(place: Path | str, error: LedgerUnusableError) -> ConfigurationError:
    """The error for somebody who wants to read a ledger."""
    return ConfigurationError(
        f"the ledger {shown(place)} can't be read: {error}; LLMRING_LEDGER_URL can name another"
    )


def shown(place: Path | str) -> str:
    """A ledger's place without the login in it."""
    from llmring.address import shown as without_login

    if isinstance(place, Path):
        return str(place)
    return without_login(place).partition("?")[0]
