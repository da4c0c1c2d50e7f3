"""The ledger written: calls leave their entries here and go on; a thread enters them."""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import sys
import threading
import time
from collections import deque
from functools import cache
from pathlib import Path

from llmring.ledger.columns import row_of
from llmring.ledger.entry import Entry
from llmring.ledger.store import LedgerUnusableError, Row, Store, shown, store_at

log = logging.getLogger("llmring")

THREAD = "llmring-ledger"

# So many entries wait at most; beyond that, the oldest are dropped.
MOST_WAITING = 100_000

# Entries of this time are entered together; a process that is killed loses these.
GATHER_SECONDS = 0.25

# Where nothing comes for so long, neither a thread nor a connection is kept for it.
IDLE_SECONDS = 5.0

_MOST_AT_ONCE = 2000
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_EXIT_SECONDS = 10.0


class Ledger:
    """One ledger, as one process writes it.

    Args:
        place: Its file, or the address of its PostgreSQL database.
        most: How many entries wait at most.
    """

    def __init__(self, place: Path | str, most: int = MOST_WAITING) -> None:
        self._place = place
        self._most = most
        self._left_behind: list[Store] = []
        self._begin()

    def _begin(self) -> None:
        self._waiting: deque[Row] = deque()
        self._store = store_at(self._place)
        self._starting = threading.Lock()
        self._storing = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._asleep = True
        self._ending = False
        self._warned = self._dropped = False
        # Two processes must not give the same ID, be they of one moment.
        self._token = os.urandom(5).hex()
        self._numbers = itertools.count()

    def new_id(self, microseconds: int) -> str:
        """An ID for a call that began then; see `Entry`."""
        return f"{microseconds:015x}-{next(self._numbers):06x}-{self._token}"

    def add(self, entry: Entry) -> None:
        """Leave an entry to be entered; takes no time, and never fails."""
        self._waiting.append(row_of(entry))
        if len(self._waiting) > self._most:
            self._drop_oldest()
        if self._asleep:
            self._rouse()

    def end(self) -> None:
        """Enter what still waits, as the process ends; waits some seconds for it at most."""
        until = time.monotonic() + _EXIT_SECONDS
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_EXIT_SECONDS)
        # Whoever still calls while the interpreter exits enters it himself.
        self._asleep = True
        # What came since; where others hold the file up to now, one more try will not help.
        if self._waiting and time.monotonic() < until:
            self._drain()
        if self._waiting:
            log.warning(
                "the process ends and %d calls are not in the ledger %s",
                len(self._waiting),
                shown(self._place),
            )
            self._waiting.clear()
        if self._thread is None or not self._thread.is_alive():
            self._store.close()

    def forked(self) -> None:
        """Begin anew in a child process: what waits, and the connection, are its parent's."""
        # Closing the connection would take it from the parent.
        self._left_behind.append(self._store)
        self._begin()

    def _drop_oldest(self) -> None:
        try:
            self._waiting.popleft()
        except IndexError:
            return
        if not self._dropped:
            self._dropped = True
            log.warning(
                "more than %d calls wait for the ledger %s; the oldest are dropped",
                self._most,
                shown(self._place),
            )

    def _rouse(self) -> None:
        self._asleep = False
        if self._ending:
            self._drain()
            self._asleep = True
            return
        with self._starting:
            self._wake.set()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # The interpreter is ending, and `end` is still to come.
                    self._asleep = True
                else:
                    self._thread = thread
                    _end_with_a_multiprocessing_child(self)

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            self._asleep = True
            # Whoever adds from now on wakes this; what came before is seen here.
            idle = not self._waiting and not self._ending
            if idle and not self._wake.wait(IDLE_SECONDS) and self._retires():
                return
            self._wake.clear()
            self._asleep = False
            if not self._ending:
                self._wake.wait(GATHER_SECONDS)
            if self._drain():
                pause = _FIRST_PAUSE_SECONDS
            elif not self._ending:
                self._wake.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            if self._ending:
                return

    def _retires(self) -> bool:
        """Let thread and connection go, unless something has come in the last moment."""
        with self._starting:
            if self._wake.is_set():
                return False
            self._thread = None
            self._store.close()
        return True

    def _drain(self) -> bool:
        """Enter what waits; whether that went well."""
        with self._storing:
            while batch := self._batch():
                try:
                    self._store.write(batch)
                except LedgerUnusableError as error:
                    self._waiting.extendleft(reversed(batch))
                    self._warn(error)
                    return False
        return True

    def _batch(self) -> list[Row]:
        batch: list[Row] = []
        while self._waiting and len(batch) < _MOST_AT_ONCE:
            batch.append(self._waiting.popleft())
        return batch

    def _warn(self, error: LedgerUnusableError) -> None:
        if error.passing or self._warned:
            return
        self._warned = True
        log.warning(
            "calls can't be entered in the ledger %s: %s; they go on, and it is tried again "
            "(LLMRING_LEDGER=0 keeps no ledger)",
            shown(self._place),
            error,
        )


@cache
def ledger_at(place: Path | str) -> Ledger:
    """The ledger at a place, the same one for the whole process.

    Args:
        place: Its file, or the address of its PostgreSQL database.
    """
    ledger = Ledger(place)
    atexit.register(ledger.end)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=ledger.forked)
    return ledger


def _end_with_a_multiprocessing_child(ledger: Ledger) -> None:
    """Have a ledger ended with a child of `multiprocessing`, which runs nothing of `atexit`."""
    if "multiprocessing.util" not in sys.modules:
        return
    from multiprocessing import parent_process, util

    if parent_process() is not None:
        util.Finalize(None, ledger.end, exitpriority=0)
