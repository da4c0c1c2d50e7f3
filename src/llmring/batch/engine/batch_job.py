"""A batch as a program runs it: row by row, or as a whole."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from llmring.batch.engine.batch_run import BatchRun
from llmring.batch.engine.job_plan import JobPlan, OpenJob
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.engine.reports.batch_row import BatchRow, batch_row
from llmring.batch.engine.reports.run_progress import BatchProgress
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow
from llmring.bridge.pending import Pending
from llmring.exceptions import ConfigurationError

if TYPE_CHECKING:
    from llmring.batch.schema.answer_columns import AnswerSchema

# Results ahead of the program that reads them, as a multiple of the rows in flight.
_AHEAD = 2


class PendingReport(Pending[BatchReport]):
    """A batch that runs to its end: `await` it, or call its `result()`; see `Pending`."""

    __module__ = "llmring"

    _method = "batch"
    _needs_loop = True


class BatchJob:
    """A batch: iterate over its rows with `async for` or `for`, or `run` it as a whole.

    Rows come as they are done, each once; a row that has failed comes with its `error`. Rows that
    earlier runs of the same folder have done don't come again. Leaving the loop early stops the
    batch: no new rows are sent, and those in flight have ten seconds to end.

    Args:
        plan: Opens the job's input and checks it.
    """

    __module__ = "llmring"

    def __init__(self, plan: Callable[[], JobPlan]) -> None:
        self._plan = plan
        self._run: BatchRun | None = None
        self._report: BatchReport | None = None
        self._rows: list[BatchRow] | None = None
        self._has_begun = False
        self._schema: AnswerSchema | None = None

    @property
    def report(self) -> BatchReport | None:
        """The report; None until the batch has ended."""
        return self._report

    @property
    def progress(self) -> BatchProgress | None:
        """The progress so far; None until it has begun."""
        return None if self._run is None else self._run.progress()

    def run(self) -> PendingReport:
        """Run the batch to its end: `await job.run()`, or `job.run().result()`.

        The rows are kept in memory for `to_arrow`, unless the job has a folder.

        Raises:
            LLMRingError: The alias does not exist, or the job can't be opened.
            Exception: What the input raised, after the rows in flight.
        """
        return PendingReport(self._whole)

    def stop(self) -> None:
        """Stop the batch, as Ctrl-C does: send no new rows, and end those in flight.

        To be called in the event loop that runs the batch.
        """
        if self._run is not None:
            self._run.stop(StopReason("left", "the program has stopped it"))

    async def __aiter__(self) -> AsyncIterator[BatchRow]:
        rows = self._answers()
        try:
            async for row in rows:
                yield row
        finally:
            await rows.aclose()

    def __iter__(self) -> Iterator[BatchRow]:
        from llmring.bridge import portal

        return portal.iterate(self._answers())

    def to_arrow(self) -> Any:
        """Return the rows as an Arrow table: those of the input, and the facts of each answer.

        Runs the batch first, if it has not begun.

        Raises:
            ConfigurationError: pyarrow is not installed, or the rows were not kept.
        """
        from llmring.batch.engine.reports.row_table import arrow_table

        return arrow_table(self._kept(), self._schema)

    def to_pandas(self) -> Any:
        """Return the rows as a DataFrame of pandas; see `to_arrow`."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """Return the rows as a DataFrame of polars; see `to_arrow`."""
        import polars as pl

        return pl.from_arrow(self.to_arrow())

    def _kept(self) -> list[BatchRow]:
        if not self._has_begun:
            self.run().result()
        if self._rows is None:
            raise ConfigurationError(
                "the rows were not kept, as they were read one by one; call job.run() instead"
            )
        return self._rows

    async def _whole(self) -> BatchReport:
        rows: list[BatchRow] = []
        job = await self._open()

        def keep(outcome: RowOutcome, row: InputRow, parsed: object) -> None:
            rows.append(batch_row(outcome, row, parsed))

        try:
            self._run = job.run(keep)
            self._report = await self._run.run()
        finally:
            await asyncio.to_thread(job.close)
        self._rows = rows
        return self._report

    async def _open(self) -> OpenJob:
        if self._has_begun:
            raise ConfigurationError("a batch runs once; make another one with ring.batch")
        self._has_begun = True
        # Files are read and locked.
        job = await asyncio.to_thread(lambda: OpenJob(self._plan()))
        self._schema = job.plan.schema
        return job

    async def _answers(self) -> AsyncGenerator[BatchRow, None]:
        job = await self._open()
        ready: deque[BatchRow] = deque()
        news = asyncio.Event()
        most = _AHEAD * job.plan.settings.concurrency

        def hand_on(outcome: RowOutcome, row: InputRow, parsed: object) -> None:
            ready.append(batch_row(outcome, row, parsed))
            news.set()

        run = self._run = job.run(hand_on, lambda in_flight: len(ready) + in_flight < most)
        running = asyncio.create_task(self._finished(run, job))
        running.add_done_callback(lambda _: news.set())
        try:
            while True:
                while ready:
                    row = ready.popleft()
                    if len(ready) == most // 2:
                        run.fill()
                    yield row
                if running.done():
                    break
                news.clear()
                run.fill()
                if not ready and not running.done():
                    await news.wait()
            self._report = running.result()
        finally:
            if not running.done():
                run.stop(StopReason("left", "the loop over its rows was left"))
                self._report = await running

    async def _finished(self, run: BatchRun, job: OpenJob) -> BatchReport:
        try:
            return await run.run()
        finally:
            await asyncio.to_thread(job.close)
