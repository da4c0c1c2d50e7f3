"""The interface of a ledger's database, and the choice of one by its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from llmring.exceptions import ConfigurationError

Row = Sequence[Any]

# Rows that are written together.
MOST_AT_ONCE = 2000


class LedgerUnusableError(Exception):
    """A ledger that can't be written or read.

    Attributes:
        passing: True if other processes have only locked it for the moment.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class Store(Protocol):
    """A connection of one process to one ledger."""

    def write(self, rows: Sequence[Row]) -> None:
        """Insert rows and add them to the sums by day; rows already there are skipped.

        Of a batch, all rows are inserted or none.

        Raises:
            LedgerUnusableError: The rows could not be inserted.
        """

    def query(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """Yield the rows of a statement; nothing if the ledger does not exist yet.

        Args:
            statement: SQL; it may use "?" for a value, `usd_sum(cost)` or another amount,
                `day_of(at)` and `TAGS`.
            values: The values of the placeholders.

        Raises:
            LedgerUnusableError: The ledger could not be read.
        """

    def remove(self, condition: str, values: Sequence[object], most: int) -> int:
        """Remove the oldest rows that meet a condition; return their number.

        Args:
            condition: " WHERE …" in SQL, with "?" for a value.
            values: The values of the placeholders.
            most: The largest number of rows to remove.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """

    def claim(self, chore: str, at: int, before: int) -> bool:
        """Return True if this process is the one to do a chore now.

        Args:
            chore: Its name.
            at: The time, in microseconds since 1970.
            before: A process that has claimed it after this time has done it.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """

    def recount(self) -> None:
        """Make the sums by day again, except of days of which calls have been removed.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """

    def tidy(self, *, all_: bool = False) -> None:
        """Give back space that removed calls have left, if there is much.

        Args:
            all_: True to give back all, which keeps other processes from writing for a while.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """

    def close(self) -> None:
        """Close the connection."""


def too_new(version: int) -> LedgerUnusableError:
    """Build the error for a ledger written by a newer llmring."""
    return LedgerUnusableError(
        f"it has version {version}, made by a newer llmring; upgrade llmring"
    )


def unreadable(place: Path | str, error: LedgerUnusableError) -> ConfigurationError:
    """Build the error for a ledger that can't be read."""
    return ConfigurationError(
        f"can't read the ledger {display_place(place)}: {error}; set LLMRING_LEDGER_URL to use "
        f"another"
    )


def display_place(place: Path | str) -> str:
    """Return a ledger's address without login and query."""
    from llmring.address import without_login

    if isinstance(place, Path):
        return str(place)
    return without_login(place).partition("?")[0]
