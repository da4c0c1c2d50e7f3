"""Rows that wait for money: what is set aside for others comes back when those are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from llmring.batch.engine.failure_kind import FailureKind
from llmring.batch.engine.row_queue import Lane, RowQueue, Work
from llmring.batch.engine.spending import reached_message
from llmring.batch.engine.stop_reason import StopReason
from llmring.exceptions import BudgetExceededError

# After the end of a budget's period.
_LATER_SECONDS = 1.0


class MoneyWaits:
    """The rows that a budget, or the job's own limit of cost, has refused.

    Such a row is sent again when another one has ended. If it is refused while no other one is in
    flight, the limit is reached.

    Args:
        queue: The rows that wait.
        max_cost: USD that the job may cost; None for no limit.
        waits_for_budget: True if rows wait for the next period of a budget.
        fill: Sends rows, as far as there are free places.
        stop: Stops the job.
        spent: Returns USD that the job has cost.
    """

    def __init__(
        self,
        queue: RowQueue,
        max_cost: Decimal | None,
        *,
        waits_for_budget: bool,
        fill: Callable[[], None],
        stop: Callable[[StopReason], None],
        spent: Callable[[], Decimal],
    ) -> None:
        self._queue = queue
        self._max_cost = max_cost
        self._waits_for_budget = waits_for_budget
        self._fill = fill
        self._stop = stop
        self._spent = spent
        self._short: list[Lane] = []
        # Until when the job waits for the next period of a budget, by the loop's clock.
        self.resumes: float | None = None

    @property
    def any_waits(self) -> bool:
        """True if a row waits until another one has ended."""
        return bool(self._short)

    def is_tried_again(self, work: Work, kind: FailureKind | None, in_flight: int) -> bool:
        """Return True if a refused row is to be sent once more at once.

        Those that held money back may have ended since it was refused.

        Args:
            work: The row.
            kind: Why it was not answered.
            in_flight: The rows in flight, this one included.
        """
        if kind not in (FailureKind.NO_MONEY, FailureKind.NO_BUDGET):
            return False
        if in_flight > 1 or work.was_alone:
            return False
        work.was_alone = True
        return True

    def refused(self, work: Work, error: BudgetExceededError, in_flight: int) -> None:
        """Let a refused row wait, or stop the job.

        Args:
            work: The row.
            error: Why it was refused.
            in_flight: The rows in flight, this one included.
        """
        lane = work.lane
        if in_flight > 1:
            self._wait(work)
            lane.narrow()
            self._short.append(lane)
        elif error.retry_after is None:
            self.reached(error.estimate)
        elif self._waits_for_budget:
            self._wait(work)
            loop = asyncio.get_running_loop()
            seconds = error.retry_after + _LATER_SECONDS
            self.resumes = loop.time() + seconds
            loop.call_later(seconds, self._resume, lane)
        else:
            self._stop(StopReason("budget", f"{error}; or let the job wait with --wait"))

    def reached(self, estimate: Decimal) -> None:
        """Stop the job, as its limit of cost is reached.

        Args:
            estimate: USD that the next row may cost at most.
        """
        most = self._max_cost or Decimal(0)
        self._stop(StopReason("max_cost", reached_message(most, self._spent(), estimate)))

    def row_ended(self) -> None:
        """Send the rows again that wait, as another row has ended."""
        short, self._short = self._short, []
        for lane in short:
            lane.is_paused = False
        self._fill()

    def _wait(self, work: Work) -> None:
        work.was_alone = False
        work.lane.is_paused = True
        self._queue.add(work, first=True)

    def _resume(self, lane: Lane) -> None:
        self.resumes = None
        lane.is_paused = False
        self._fill()
