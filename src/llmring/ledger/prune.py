"""Removal of old calls from the ledger: by a command, and by the processes that make calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from llmring.clock import Clock
from llmring.ledger.columns import microseconds
from llmring.ledger.open import store_at
from llmring.ledger.project import Stamp
from llmring.ledger.reader import CallFilter
from llmring.ledger.store import LedgerUnusableError, Store, unreadable

# Removed with one statement, so that other processes can write in between.
AT_ONCE = 1000

# How often calls that are too old are looked for.
PRUNE_EVERY = timedelta(hours=1)


def prune(place: Path | str, span: CallFilter, *, compact: bool = False) -> int:
    """Remove all calls that match a filter; return their number.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        span: The calls to remove.
        compact: True to give back all free space, while no other process can write.

    Raises:
        ConfigurationError: The ledger can't be written.
    """
    store = store_at(place)
    count = 0
    try:
        while removed := remove_some(store, span):
            count += removed
        if count or compact:
            store.tidy(all_=compact)
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None
    finally:
        store.close()
    return count


def remove_some(store: Store, span: CallFilter) -> int:
    """Remove up to `AT_ONCE` calls that match a filter, the oldest first; return their number.

    Raises:
        LedgerUnusableError: The ledger can't be written.
    """
    condition, values = span.condition()
    return store.remove(condition, values, AT_ONCE)


class Retention:
    """The removal of calls that are older than their lockfiles keep them, by processes in turns."""

    def __init__(self) -> None:
        self._keeps: dict[Stamp, Clock] = {}
        self._due: list[CallFilter] = []
        self._removed = False

    def keep(self, stamp: Stamp, clock: Clock) -> None:
        """Apply the `keep` of a lockfile from now on; see `Ledger.keep`."""
        others = {
            other: its_clock
            for other, its_clock in self._keeps.items()
            if (other.project, other.lockfile) != (stamp.project, stamp.lockfile)
        }
        # Replaced as a whole, as the thread may be reading it.
        self._keeps = others if stamp.keep is None else {**others, stamp: clock}

    @property
    def is_needed(self) -> bool:
        """True if calls of some lockfile are not kept for ever."""
        return bool(self._keeps)

    def look(self, store: Store) -> None:
        """Take on the removals that no other process has done in the last hour.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """
        for stamp, clock in self._keeps.items():
            if stamp.keep is None or stamp.project is None:
                continue
            now = clock.now()
            chore = f"prune {stamp.lockfile} {stamp.project} {stamp.keep.total_seconds():.0f}"
            if store.claim(chore, microseconds(now), microseconds(now - PRUNE_EVERY)):
                old = CallFilter(
                    until=now - stamp.keep, projects=(stamp.project,), lockfile=stamp.lockfile
                )
                self._due.append(old)

    def work(self, store: Store, waits: Callable[[], bool]) -> bool:
        """Remove calls; return False if there are more, but something else comes first.

        Args:
            store: The ledger.
            waits: Returns True if something else comes first.

        Raises:
            LedgerUnusableError: The ledger can't be written.
        """
        while self._due:
            while removed := remove_some(store, self._due[0]):
                self._removed = True
                if removed < AT_ONCE:
                    break
                if waits():
                    return False
            del self._due[0]
        if self._removed:
            self._removed = False
            store.tidy()
        return True

    def forget(self) -> None:
        """Give up the removals until the next look."""
        self._due = []
