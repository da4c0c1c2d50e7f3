"""Keeping of outcomes: each is written before it counts, and waits while the disk is full."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from llmring.batch.engine.outcome_journal import OutcomeJournal
from llmring.batch.outcome import RowOutcome

RETRY_SECONDS = 1.0
MOST_SECONDS = 60.0


class OutcomeKeeper:
    """Keeps outcomes in order; those that can't be written are tried again each second.

    Args:
        journal: Where they are kept; None if they are only handed on.
        on_kept: Called with each outcome that is kept, and with what belongs to it.
        on_end_of_trouble: Called when all outcomes are written again, or given up.
        most_seconds: How long to try.
        retry_seconds: How often to try.

    Attributes:
        error: Why outcomes could not be written.
        is_given_up: True if outcomes are left that could not be written.
    """

    def __init__(
        self,
        journal: OutcomeJournal | None,
        on_kept: Callable[[RowOutcome, object], None],
        on_end_of_trouble: Callable[[], None],
        *,
        most_seconds: float = MOST_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._journal = journal
        self._on_kept = on_kept
        self._on_end_of_trouble = on_end_of_trouble
        self._most_seconds = most_seconds
        self._retry_seconds = retry_seconds
        self._unwritten: deque[tuple[RowOutcome, object]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.error: OSError | None = None
        self.is_given_up = False

    @property
    def unwritten(self) -> int:
        """The number of outcomes that are not written."""
        return len(self._unwritten)

    def add(self, outcome: RowOutcome, belongings: object) -> None:
        """Keep an outcome."""
        journal = self._journal
        if journal is not None:
            if self._unwritten:
                self._unwritten.append((outcome, belongings))
                return
            try:
                journal.add(outcome)
            except OSError as error:
                self.error = error
                self._unwritten.append((outcome, belongings))
                self._task = asyncio.get_running_loop().create_task(self._try_again(journal))
                return
        self._on_kept(outcome, belongings)

    async def finish(self) -> None:
        """Wait until all outcomes are written, or given up."""
        if self._task is not None:
            await self._task

    async def _try_again(self, journal: OutcomeJournal) -> None:
        until = time.monotonic() + self._most_seconds
        while self._unwritten:
            await asyncio.sleep(self._retry_seconds)
            try:
                self._write(journal)
            except OSError as error:
                self.error = error
                if time.monotonic() >= until:
                    self.is_given_up = True
                    break
        self._on_end_of_trouble()

    def _write(self, journal: OutcomeJournal) -> None:
        while self._unwritten:
            outcome, belongings = self._unwritten[0]
            journal.add(outcome)
            self._unwritten.popleft()
            self._on_kept(outcome, belongings)
