"""The later rounds of rows that have failed for a moment: after a pause, behind the other rows."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from llmring.batch.engine.row_queue import RowQueue, Work

MOST_PAUSE_SECONDS = 60.0


class LaterRounds:
    """Lets rows wait for their next round.

    A pause is drawn at random up to a limit that doubles each round, so that rows that have failed
    together are not sent together again.

    Args:
        queue: The rows that wait.
        seconds: The longest pause before the second round.
        fill: Sends rows, as far as there are free places.
    """

    def __init__(self, queue: RowQueue, seconds: float, fill: Callable[[], None]) -> None:
        self._queue = queue
        self._seconds = seconds
        self._fill = fill
        self._timer: asyncio.TimerHandle | None = None

    def add(self, work: Work, retry_after: float | None) -> None:
        """Let a row wait.

        Args:
            work: The row.
            retry_after: The seconds that its providers ask to wait, if they do.
        """
        most = min(MOST_PAUSE_SECONDS, self._seconds * 2.0 ** (work.rounds - 1))
        drawn = random.uniform(0.0, most)  # noqa: S311 -- nothing secret
        pause = max(drawn, min(retry_after or 0.0, MOST_PAUSE_SECONDS))
        self._queue.add_later(work, time.monotonic() + pause)
        self._set_timer()

    def close(self) -> None:
        """Put no more rows back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        at = self._queue.next_time()
        if at is not None:
            seconds = max(0.0, at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        self._queue.put_due(time.monotonic())
        self._fill()
        self._set_timer()
