"""Keeping of outcomes: each is written before it counts, and waits while the disk is full."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from llmring.batch.engine.journal import Journal
from llmring.batch.outcome import RowOutcome
from llmring.exceptions import LLMRingError

RETRY_SECONDS = 1.0


class OutcomeKeeper:
    """Keeps outcomes in order; those that wait for room on the disk are tried each second.

    Args:
        journal: Where they are kept; None if they are only handed on.
        on_kept: Called with each outcome that is kept, and with what belongs to it.
        on_end_of_trouble: Called when all outcomes are written again, or given up.
        retry_seconds: How often to try.

    Attributes:
        error: Why outcomes were given up.
    """

    def __init__(
        self,
        journal: Journal | None,
        on_kept: Callable[[RowOutcome, object], None],
        on_end_of_trouble: Callable[[], None],
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._journal = journal
        self._on_kept = on_kept
        self._on_end_of_trouble = on_end_of_trouble
        self._retry_seconds = retry_seconds
        self._unwritten: deque[tuple[RowOutcome, object]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.error: LLMRingError | OSError | None = None

    @property
    def unwritten(self) -> int:
        """The number of outcomes that are not written."""
        return len(self._unwritten)

    def add(self, outcome: RowOutcome, belongings: object) -> None:
        """Keep an outcome.

        Raises:
            OSError: It can't be written, and not because the disk is full.
        """
        journal = self._journal
        if journal is not None:
            journal.add(outcome)
            if journal.is_full:
                self._unwritten.append((outcome, belongings))
                if self._task is None:
                    self._task = asyncio.get_running_loop().create_task(self._try_again(journal))
                return
        self._on_kept(outcome, belongings)

    async def finish(self) -> None:
        """Wait until all outcomes are written, or given up."""
        if self._task is not None:
            await self._task

    async def _try_again(self, journal: Journal) -> None:
        try:
            while journal.is_full:
                await asyncio.sleep(self._retry_seconds)
                journal.write_waiting()
        except (LLMRingError, OSError) as error:
            self.error = error
        else:
            written, self._unwritten = self._unwritten, deque()
            self._task = None
            for outcome, belongings in written:
                self._on_kept(outcome, belongings)
        self._on_end_of_trouble()
