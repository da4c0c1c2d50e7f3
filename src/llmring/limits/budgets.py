"""Spending against daily budgets, counted by all processes of this machine together.

The estimate of a call is reserved before it is sent, and corrected when its cost is known. If a
process is killed in between, the reserved amount stays counted.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import logging
import math
import os
import sqlite3
import threading
from collections.abc import Mapping
from datetime import date
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Protocol

from llmring.exceptions import ConfigurationError

log = logging.getLogger("llmring")

# Other processes lock the file for far less than a millisecond at a time.
_PATIENCE_SECONDS = 5.0

_EXACT = Context(prec=60)

_MAKE = """
    CREATE TABLE IF NOT EXISTS spending (
        key TEXT NOT NULL,
        day TEXT NOT NULL,
        nanos INTEGER NOT NULL,
        PRIMARY KEY (key, day)
    ) WITHOUT ROWID
"""

_TIDY = "DELETE FROM spending WHERE day < date(:day, '-400 days')"

# One statement is one transaction, so the check and the change are atomic.
_RESERVE = """
    INSERT INTO spending (key, day, nanos)
    SELECT :key, :day, :nanos WHERE :nanos <= :limit
    ON CONFLICT (key, day) DO UPDATE SET nanos = nanos + :nanos WHERE nanos + :nanos <= :limit
"""

_SETTLE = "UPDATE spending SET nanos = nanos + :nanos WHERE key = :key AND day = :day"

_SPENT = "SELECT nanos FROM spending WHERE key = :key AND day = :day"


class Spending(Protocol):
    """A count of spending, for a machine or for a fleet."""

    async def reserve(self, key: str, day: date, usd: Decimal, limit: Decimal) -> bool:
        """Reserve an amount; return False, changing nothing, if it would exceed the limit.

        Args:
            key: The budget that it counts against.
            day: The day in UTC.
            usd: The amount in USD.
            limit: The day's budget in USD.
        """

    async def settle(self, key: str, day: date, reserved: Decimal, actual: Decimal) -> None:
        """Replace the reserved amount by what the call has cost; both in USD."""

    async def spent(self, key: str, day: date) -> Decimal:
        """Return the USD spent or reserved that day."""


@functools.cache
def spending_in(folder: Path) -> SqliteSpending:
    """Return the count in a folder; one object per process."""
    spending = SqliteSpending(folder / "spending.db")
    atexit.register(spending.close)
    return spending


class SqliteSpending:
    """The count in an SQLite file.

    Args:
        path: The file, created with its folder on first use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # By process ID: a forked child can't use its parent's connection and opens another.
        self._files: dict[int, _BudgetFile] = {}

    async def reserve(self, key: str, day: date, usd: Decimal, limit: Decimal) -> bool:
        """Reserve an amount; see `Spending`.

        Raises:
            ConfigurationError: The file can't be used, so the budget can't be enforced.
        """
        given = {"key": key, "day": str(day), "nanos": nanos(usd), "limit": nanos(limit)}
        changed, _ = await asyncio.to_thread(self._run, _RESERVE, given)
        return changed == 1

    async def settle(self, key: str, day: date, reserved: Decimal, actual: Decimal) -> None:
        """Count the cost of a call; log a warning if the file can't be used."""
        given = {"key": key, "day": str(day), "nanos": nanos(actual) - nanos(reserved)}
        try:
            await asyncio.to_thread(self._run, _SETTLE, given)
        except ConfigurationError as error:
            # The answer has arrived; counting it by its estimate must not spoil it.
            log.warning("%s", error.message)

    async def spent(self, key: str, day: date) -> Decimal:
        """Return the USD spent or reserved that day.

        Raises:
            ConfigurationError: The file can't be used.
        """
        _, row = await asyncio.to_thread(self._run, _SPENT, {"key": key, "day": str(day)})
        return _EXACT.scaleb(Decimal(row[0] if row else 0), -9)

    def close(self) -> None:
        """Close the file; it is opened again on demand."""
        file = self._files.pop(os.getpid(), None)
        if file is not None:
            file.close()

    def _run(self, statement: str, given: Mapping[str, Any]) -> tuple[int, Any]:
        file = self._files.setdefault(os.getpid(), _BudgetFile())
        try:
            return file.run(self._path.expanduser(), statement, given)
        except (sqlite3.Error, OSError, RuntimeError, OverflowError) as error:
            raise ConfigurationError(
                f"can't count the day's spending in {self._path}: {error}; make the "
                "file usable, set XDG_CACHE_HOME to another folder, or take daily_budget out of "
                "the lockfile"
            ) from None


class _BudgetFile:
    """One process's connection, for one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def run(self, path: Path, statement: str, given: Mapping[str, Any]) -> tuple[int, Any]:
        with self._lock:
            if self._connection is None:
                self._connection = _opened(path, given["day"])
            cursor = self._connection.execute(statement, given)
            row = cursor.fetchone()
            return cursor.rowcount, row

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _opened(path: Path, day: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # This may fail while another process does the same; then the other succeeds.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may lose the last amounts, and no more.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_MAKE)
        connection.execute(_TIDY, {"day": day})
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def nanos(usd: Decimal) -> int:
    """Convert USD to whole billionths, rounded up; sums of these are exact."""
    return math.ceil(_EXACT.scaleb(usd, 9))
