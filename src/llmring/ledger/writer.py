"""Writing the ledger: calls queue their entries, and a background thread inserts them."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sys
import threading
import time
from collections import deque
from pathlib import Path

from llmring.clock import Clock
from llmring.ledger import journal
from llmring.ledger.columns import row_of
from llmring.ledger.entry import LedgerEntry
from llmring.ledger.journal import Journal
from llmring.ledger.open import store_at
from llmring.ledger.project import Stamp
from llmring.ledger.prune import PRUNE_EVERY, Retention
from llmring.ledger.spool import Spool
from llmring.ledger.store import MOST_AT_ONCE, LedgerUnusableError, Row, Store, display_place

log = logging.getLogger("llmring")

THREAD = "llmring-ledger"

# Length of the queue; beyond it, the oldest entries are dropped.
MOST_WAITING = 100_000

# Entries of this period are inserted together; a killed process loses them.
GATHER_SECONDS = 0.25

# The same while the ledger is out of reach, and a file takes them.
BLIND_GATHER_SECONDS = 1.0

# After this time without entries, the thread ends and the connection is closed.
IDLE_SECONDS = 5.0

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_EXIT_SECONDS = 10.0
_FORK_SECONDS = 5.0


class Ledger:
    """One ledger, as written by one process.

    Args:
        place: Its file, or the address of its PostgreSQL database.
        most: Maximum number of queued entries.
        spool: Folder that keeps the entries which can't be written now, or before the process
            ends; None to keep them in memory, and to lose them then.
    """

    def __init__(
        self, place: Path | str, most: int = MOST_WAITING, spool: Path | None = None
    ) -> None:
        self._place = place
        self._most = most
        self._spool_folder = spool
        self._left_behind: list[Store] = []
        self._retention = Retention()
        self._is_journaled = False
        self._begin()

    def _begin(self) -> None:
        self._waiting: deque[Row] = deque()
        self._store = store_at(self._place)
        self._starting = threading.Lock()
        self._storing = threading.Lock()
        # The threads that fork the process, and hold the lock for it.
        self._forking: set[int] = set()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._asleep = True
        self._ending = False
        self._look_at = 0.0
        self._warned = False
        # When to try again, by the monotonic clock, after the ledger was out of reach.
        self._blind_until: float | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._dropped = 0
        # Taken from the queue, and not yet known to be in the ledger.
        self._in_hand: list[Row] = []
        folder = self._spool_folder
        self._spool = None if folder is None else Spool(folder, self._place)
        self._journal = Journal(None if self._spool is None else self._spool.folder)
        self._spool_is_due = self._spool is not None
        # Two processes must not create the same ID, even at the same moment.
        self._token = os.urandom(5).hex()
        self._numbers = itertools.count()

    def new_id(self, microseconds: int) -> str:
        """Return an ID for a call that began at this time; see `LedgerEntry`."""
        return f"{microseconds:015x}-{next(self._numbers):06x}-{self._token}"

    def add(self, entry: LedgerEntry) -> None:
        """Queue an entry; returns at once and never fails."""
        self.add_row(row_of(entry))

    def add_row(self, row: Row) -> None:
        """Queue the row of an entry, as `columns.row` builds it; see `add`."""
        self._waiting.append(row)
        if self._is_journaled:
            self._journal.add(row)
        if len(self._waiting) > self._most:
            self._drop_oldest()
        if self._asleep:
            self._rouse()

    def keep(self, stamp: Stamp, clock: Clock) -> None:
        """Apply the `keep` of a lockfile from now on.

        Only calls made with the lockfile at this path are removed: another one with the same name
        may belong to somebody else.

        Args:
            stamp: The stamp of calls that are made with the lockfile.
            clock: The clock by which calls grow old.
        """
        self._retention.keep(stamp, clock)

    def keep_journal(self) -> None:
        """Keep a file of the rows to be written, so that none is lost if the process is killed."""
        self._is_journaled = True

    @property
    def pending(self) -> int:
        """Number of calls that are not yet in the ledger."""
        kept = 0 if self._spool is None else sum(list(self._spool.own.values()))
        return len(self._waiting) + len(self._in_hand) + kept

    def end(self) -> None:
        """Insert the queued entries as the process ends; waits ten seconds at most."""
        until = time.monotonic() + _EXIT_SECONDS
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_EXIT_SECONDS)
        # Calls made while the interpreter exits insert their entries themselves.
        self._asleep = True
        # Insert late entries; if others locked the file all this time, one more try won't help.
        if self._waiting and time.monotonic() < until:
            self._drain()
        self._keep_the_rest()
        if self._dropped:
            log.warning(
                "%d calls were dropped, as too many were queued for the ledger %s",
                self._dropped,
                display_place(self._place),
            )
            self._dropped = 0
        if self._thread is None or not self._thread.is_alive():
            self._store.close()

    def fork(self) -> None:
        """Wait until nothing is being stored, for some seconds at most.

        A child would otherwise wait for ever for the modules that the thread was importing.
        """
        if self._storing.acquire(timeout=_FORK_SECONDS):
            self._forking.add(threading.get_ident())

    def has_forked(self) -> None:
        """Go on in the parent process."""
        if threading.get_ident() in self._forking:
            self._forking.remove(threading.get_ident())
            self._storing.release()

    def forked(self) -> None:
        """Start over in a child process: queue and connection belong to the parent."""
        # Closing the store would close the parent's connection.
        self._left_behind.append(self._store)
        self._journal.abandon()
        self._begin()

    def _drop_oldest(self) -> None:
        try:
            self._waiting.popleft()
        except IndexError:
            return
        self._dropped += 1
        if self._dropped == 1:
            log.warning(
                "more than %d calls are queued for the ledger %s; the oldest are dropped",
                self._most,
                display_place(self._place),
            )

    def _rouse(self) -> None:
        self._asleep = False
        if self._ending:
            # A thread that still waits for the database holds the lock that writing needs.
            if self._thread is None or not self._thread.is_alive():
                self._drain()
            self._keep_the_rest()
            self._asleep = True
            return
        with self._starting:
            self._wake.set()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # The interpreter is exiting; `end` will insert the entries.
                    self._asleep = True
                else:
                    self._thread = thread
                    _end_with_a_multiprocessing_child(self)

    def _run(self) -> None:
        while True:
            self._asleep = True
            # Any `add` after this line wakes the thread; entries added before are seen here.
            idle = not self._waiting and not self._ending
            if idle and not self._wake.wait(self._idle_seconds()) and self._retires():
                return
            self._wake.clear()
            self._asleep = False
            if not self._ending:
                self._wake.wait(self._gather_seconds())
            self._write_or_shelter()
            if self._ending:
                return

    def _idle_seconds(self) -> float:
        if self._blind_until is None:
            return IDLE_SECONDS
        return max(0.0, self._blind_until - time.monotonic())

    def _gather_seconds(self) -> float:
        if self._blind_until is None:
            return GATHER_SECONDS
        return min(BLIND_GATHER_SECONDS, self._idle_seconds())

    def _retires(self) -> bool:
        """End the thread and close the connection, unless there is something to do."""
        with self._starting:
            if self._wake.is_set() or self._blind_until is not None:
                return False
            self._thread = None
            self._store.close()
        return True

    def _write_or_shelter(self) -> None:
        """Insert the queued entries, or bring them into a file while the ledger can't be reached.

        Until then a killed process would lose them, also while a connection is being tried.
        """
        if self._blind_until is not None and not self._ending:
            self._shelter()
            if time.monotonic() < self._blind_until:
                return
        if self._drain():
            if self._blind_until is not None:
                # Of the next time, there is a warning again.
                self._warned = False
            self._pause = _FIRST_PAUSE_SECONDS
            self._blind_until = None
        elif not self._ending:
            self._shelter()
            self._blind_until = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _shelter(self) -> None:
        """Move the queued entries to the spool; they stay in memory if that fails."""
        with self._storing, self._journal.turned(lambda: not self._waiting):
            batch = self._batch(len(self._waiting))
            if batch and self._spool is not None:
                with contextlib.suppress(OSError):
                    self._spool.keep(batch)
                    batch = []
            self._waiting.extendleft(reversed(batch))
            self._in_hand = []

    def _drain(self) -> bool:
        """Insert the queued entries; return False if the ledger can't be written."""
        with self._storing, self._journal.turned(lambda: not self._waiting):
            if self._blind_until is not None and not self._take_up(own=True):
                return False
            while batch := self._batch(MOST_AT_ONCE):
                try:
                    self._store.write(batch)
                except LedgerUnusableError as error:
                    self._waiting.extendleft(reversed(batch))
                    self._warn(error)
                    return False
                finally:
                    self._in_hand = []
            if self._spool_is_due:
                self._spool_is_due = False
                self._take_up()
            if self._retention.is_needed:
                self._remove_old()
        return True

    def _remove_old(self) -> None:
        """Remove the calls that are older than their lockfiles keep them."""
        try:
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + PRUNE_EVERY.total_seconds()
                self._retention.look(self._store)
            # Calls come first; the rest is removed after them.
            self._retention.work(self._store, lambda: bool(self._waiting) or self._ending)
        except LedgerUnusableError as error:
            self._retention.forget()
            self._warn(
                error,
                "can't remove old calls from",
                "allow it, or take keep out of [ledger] in the lockfile",
            )

    def _batch(self, most: int) -> list[Row]:
        batch = self._in_hand = list[Row]()
        while self._waiting and len(batch) < most:
            batch.append(self._waiting.popleft())
        return batch

    def _take_up(self, *, own: bool = False) -> bool:
        """Insert the entries in files; return False if the ledger can't be written.

        Args:
            own: True for the files that this process has written while the ledger was out of reach,
                False for those of all earlier processes.
        """
        if self._spool is None:
            return True
        try:
            self._spool.write_to(self._store, own=own)
            if not own:
                journal.take_up(self._spool.folder, self._store)
        except (LedgerUnusableError, OSError, ValueError) as error:
            if own:
                return False
            log.warning(
                "calls of an earlier process stay in %s, as writing them to the ledger %s failed: "
                "%s; the next process tries again",
                self._spool.folder,
                display_place(self._place),
                error,
            )
        return True

    def _keep_the_rest(self) -> None:
        """Move the entries that could not be written to the spool, with a warning."""
        # By ID, for the thread may be moving entries from one to the other.
        rest = {row[0]: row for row in [*self._in_hand, *self._waiting]}
        self._waiting.clear()
        self._journal.turn()
        count = len(rest) + (0 if self._spool is None else sum(self._spool.own.values()))
        if not count:
            self._journal.forget()
            return
        outcome = "they are lost"
        if self._spool is not None:
            try:
                if rest:
                    self._spool.keep([*rest.values()])
                own = [*self._spool.own]
                path = own[0] if len(own) == 1 else self._spool.folder
                self._spool.own.clear()
                self._journal.forget()
            except OSError as error:
                outcome += f", as {self._spool.folder} can't be written: {error.strerror or error}"
            else:
                outcome = f"the next process writes them from {path}"
        log.warning(
            "the process ends before %d calls were written to the ledger %s; %s",
            count,
            display_place(self._place),
            outcome,
        )

    def _warn(
        self,
        error: LedgerUnusableError,
        failure: str = "can't write calls to",
        advice: str = "calls continue and writing is retried (set LLMRING_LEDGER=0 to keep no "
        "ledger)",
    ) -> None:
        if error.passing or self._warned:
            return
        self._warned = True
        log.warning("%s the ledger %s: %s; %s", failure, display_place(self._place), error, advice)


def _end_with_a_multiprocessing_child(ledger: Ledger) -> None:
    """End a ledger with a child of `multiprocessing`, which does not run `atexit` handlers."""
    if "multiprocessing.util" not in sys.modules:
        return
    from multiprocessing import parent_process, util

    if parent_process() is not None:
        util.Finalize(None, ledger.end, exitpriority=0)
