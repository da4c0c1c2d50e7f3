"""What is spent of a day's budget, counted by all processes of this machine together.

The estimate of a call is set aside before it is sent, and put right when its cost is known. What
a process has set aside and not put right, because it was killed, stays counted.
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

# Others hold the file for far less than a millisecond at a time.
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

# One statement is one transaction: nobody else comes between the look and the change.
_RESERVE = """
    INSERT INTO spending (key, day, nanos)
    SELECT :key, :day, :nanos WHERE :nanos <= :limit
    ON CONFLICT (key, day) DO UPDATE SET nanos = nanos + :nanos WHERE nanos + :nanos <= :limit
"""

_SETTLE = "UPDATE spending SET nanos = nanos + :nanos WHERE key = :key AND day = :day"

_SPENT = "SELECT nanos FROM spending WHERE key = :key AND day = :day"


class Spending(Protocol):
    """Counts what is spent, for a machine or for a fleet."""

    async def reserve(self, key: str, day: date, usd: Decimal, limit: Decimal) -> bool:
        """Set an amount aside; False, and nothing done, where that would go beyond the limit.

        Args:
            key: Whose spending it is.
            day: The day in UTC.
            usd: The amount.
            limit: What may be spent that day.
        """

    async def settle(self, key: str, day: date, reserved: Decimal, actual: Decimal) -> None:
        """Count what a call has cost in place of what was set aside for it; both in USD."""

    async def spent(self, key: str, day: date) -> Decimal:
        """USD that are spent that day, or set aside."""


@functools.cache
def spending_in(folder: Path) -> SqliteSpending:
    """The count in a folder, the same one for the whole process."""
    spending = SqliteSpending(folder / "spending.db")
    atexit.register(spending.close)
    return spending


class SqliteSpending:
    """The count in a file.

    Args:
        path: The file. It is made when it is first needed, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # By process: a connection is of no use in a forked child, which opens another.
        self._files: dict[int, _File] = {}

    async def reserve(self, key: str, day: date, usd: Decimal, limit: Decimal) -> bool:
        """Set an amount aside; see `Spending`.

        Raises:
            ConfigurationError: The file can't be used, so that the budget can't be held.
        """
        given = {"key": key, "day": str(day), "nanos": nanos(usd), "limit": nanos(limit)}
        changed, _ = await asyncio.to_thread(self._run, _RESERVE, given)
        return changed == 1

    async def settle(self, key: str, day: date, reserved: Decimal, actual: Decimal) -> None:
        """Count what a call has cost; where the file can't be used, a warning is logged."""
        given = {"key": key, "day": str(day), "nanos": nanos(actual) - nanos(reserved)}
        try:
            await asyncio.to_thread(self._run, _SETTLE, given)
        except ConfigurationError as error:
            # The answer is here; that it was counted by its estimate must not spoil it.
            log.warning("%s", error.message)

    async def spent(self, key: str, day: date) -> Decimal:
        """USD that are spent that day, or set aside.

        Raises:
            ConfigurationError: The file can't be used.
        """
        _, row = await asyncio.to_thread(self._run, _SPENT, {"key": key, "day": str(day)})
        return _EXACT.scaleb(Decimal(row[0] if row else 0), -9)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        file = self._files.pop(os.getpid(), None)
        if file is not None:
            file.close()

    def _run(self, statement: str, given: Mapping[str, Any]) -> tuple[int, Any]:
        file = self._files.setdefault(os.getpid(), _File())
        try:
            return file.run(self._path.expanduser(), statement, given)
        except (sqlite3.Error, OSError, RuntimeError, OverflowError) as error:
            raise ConfigurationError(
                f"the spending of the day can't be counted in {self._path}: {error}; make the "
                "file usable, set XDG_CACHE_HOME to another folder, or take daily_budget out of "
                "the lockfile"
            ) from None


class _File:
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
        # While another process is doing the same, this may fail; then the other has done it.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        # A loss of power may cost the last amounts, and no more.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_MAKE)
        connection.execute(_TIDY, {"day": day})
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def nanos(usd: Decimal) -> int:
    """An amount as whole billionths of a dollar, rounded up; a count of these is exact."""
    return math.ceil(_EXACT.scaleb(usd, 9))
