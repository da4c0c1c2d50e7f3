"""A run of a job at a vendor: batches first, then live calls for the rows that they left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmring.batch.engine.batch_run import BatchRun
from llmring.batch.engine.job_plan import OpenJob
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.engine.reports.run_progress import BatchProgress, RateMeter
from llmring.batch.engine.reports.run_report import RunState, progress_of, report_of
from llmring.batch.engine.reports.totals import Totals
from llmring.batch.engine.row_result import CallCost, refused
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.input.row_source import Row
from llmring.batch.journal.job_folder import JobFolder
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem
from llmring.batch.vendors.vendor_clock import SystemClock, VendorClock
from llmring.batch.vendors.vendor_plan import RowRequests, most_usd, progress_in, target_of
from llmring.batch.vendors.vendor_run import VendorOptions, VendorRun
from llmring.batch.vendors.vendor_status import VendorStatus
from llmring.exceptions import ConfigurationError
from llmring.registry.price import dollars


class LivePrice(Struct, frozen=True, kw_only=True):
    """The price of the rows that the vendor has left, if they are asked live.

    Attributes:
        usd: USD, if they cost as the answered ones did; None if that is unknown.
        left: USD that the job may still cost; None without a limit.
    """

    usd: Decimal | None
    left: Decimal | None

    @property
    def is_within(self) -> bool:
        """True if it is known to be within the limit; also without a limit."""
        return self.left is None or (self.usd is not None and self.usd <= self.left)


class VendorBatch:
    """One run of a job at a vendor, in one event loop; it has the methods of `BatchRun`.

    Args:
        job: The job, open in its folder.
        options: How the vendor is asked. `asks_rest` is found by the state of the job, too.
        may_ask_live: Returns True if rows may be asked live at this price.
        clock: The clock.

    Raises:
        ConfigurationError: No model of the alias has batches, or the job is with another model.
    """

    def __init__(
        self,
        job: OpenJob,
        options: VendorOptions,
        may_ask_live: Callable[[LivePrice], bool],
        clock: VendorClock | None = None,
    ) -> None:
        if job.folder is None:
            raise ConfigurationError("a vendor's batch needs a folder for the job")
        self._job = job
        self._folder: JobFolder = job.folder
        self._clock = clock or SystemClock()
        self._may_ask_live = may_ask_live
        self._target = target_of(job.plan)
        self._run = self._opened(options)
        self._asks_rest = options.asks_rest or self._has_ended()
        if self._asks_rest:
            self._run.close()
            self._run = self._opened(replace(options, asks_rest=True))
        self._totals = Totals(earlier=self._folder.counts.done)
        self._began = time.monotonic()
        self._meter = RateMeter(self._began)
        self._task: asyncio.Task[None] | None = None
        self._live: BatchRun | None = None
        self._stop: StopReason | None = None

    async def run(self) -> BatchReport:
        """Send all rows, wait for the answers, and return the report.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent before an interruption.
            ProviderError: The vendor can't be asked, or refuses a part.
            ConfigurationError: All batches that are left were created with another key.
        """
        return await self._reported(self._through)

    async def send(self) -> BatchReport:
        """Send the rows that the vendor takes now, and return the report; errors as for `run`."""
        return await self._reported(self._submit)

    async def cancel(self) -> BatchReport:
        """Cancel the vendor's batches, wait until they have ended, and keep what they did.

        Raises:
            ProviderError: A batch could not be cancelled.
            ConfigurationError: The batches were created with another key.
        """
        return await self._reported(self._cancelled)

    async def abandon(self) -> None:
        """Cancel the vendor's batches and forget them, before the job begins again.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent.
            ProviderError: A batch could not be cancelled.
        """
        await self._run.abandon()

    def stop(self, reason: StopReason) -> None:
        """Wait no longer; the vendor's batches go on. Live calls end as those of `BatchRun`."""
        if self._stop is not None:
            return
        self._stop = reason
        if self._live is not None:
            self._live.stop(reason)
        else:
            self._stop = StopReason(
                reason.cause, f"{reason.message}; the batches go on at the vendor"
            )
            self.abort()

    def abort(self) -> None:
        """End at once."""
        if self._live is not None:
            self._live.abort()
        elif self._task is not None:
            self._task.cancel()

    @property
    def is_stopping(self) -> bool:
        """True if `stop` was called."""
        return self._stop is not None

    @property
    def status(self) -> VendorStatus:
        """The state of the job at its vendor."""
        return self._run.status()

    def progress(self) -> BatchProgress:
        """Return how far it is."""
        if self._live is not None:
            return self._live.progress()
        now, totals = time.monotonic(), self._totals
        status = self._run.status()
        state = RunState(
            total=self._job.plan.source.count(),
            in_flight=max(0, status.rows - totals.done) if status.open else 0,
            waiting=0,
            rate=self._meter.rate(totals.ok + totals.failed, now),
            spent=self._folder.spent,
            seconds=now - self._began,
            trouble=status_words(status),
        )
        return progress_of(totals, state, self._job.plan.settings.max_cost, None)

    def close(self) -> None:
        """Close the notes."""
        self._run.close()

    def _opened(self, options: VendorOptions) -> VendorRun:
        plan, folder = self._job.plan, self._folder
        return VendorRun(
            plan.calls,
            self._target,
            RowRequests(plan),
            folder.path,
            options=options,
            is_done=lambda request: folder.is_done(request.row.ordinal),
            settle=self._settle,
            clock=self._clock,
        )

    def _has_ended(self) -> bool:
        """Check if what is not done has to be sent in new batches."""
        status = self._run.status()
        if status.is_cancelled or not status.is_done:
            return status.is_cancelled
        return next(self._run.left(), None) is None

    async def _reported(self, action: Callable[[], Coroutine[Any, Any, None]]) -> BatchReport:
        self._task = asyncio.create_task(action())
        try:
            await self._task
        except asyncio.CancelledError:
            if self._stop is None:
                raise
        except OSError as error:
            if self._stop is None:
                raise
            self._stop = StopReason("disk_full", f"answers could not be written: {error}")
        return report_of(
            self._job.id,
            self._totals,
            total=self._job.plan.source.count(),
            spent=self._folder.spent,
            seconds=time.monotonic() - self._began,
            stopped=self._stop,
        )

    async def _through(self) -> None:
        await self._submit()
        if self._stop is not None:
            return
        await self._run.poll()
        await self._collect_all()
        if self._run.status().is_cancelled:
            # It was being cancelled; what is left goes into new batches.
            await self._submit()
            await self._collect_all()
        if next(self._run.left(), None) is not None and self._stop is None:
            await self._ask_live()

    async def _submit(self) -> None:
        for row in self._job.plan.source:
            request = self._job.plan.builder.build(row)
            if isinstance(request, RowProblem) and not self._folder.is_done(row_ordinal(row)):
                self._keep(refused(request))
        if await asyncio.to_thread(self._is_affordable):
            await self._run.submit()

    async def _collect_all(self) -> None:
        async for outcome in self._run.outcomes():
            self._keep(outcome)

    async def _cancelled(self) -> None:
        await self._run.cancel()
        async for outcome in self._run.collect():
            self._keep(outcome)

    def _is_affordable(self) -> bool:
        """Check that what would be sent fits into the limit of cost; stop the job if not."""
        settings, plan = self._job.plan.settings, self._job.plan
        has_begun = progress_in(self._folder.path, self._clock).is_split and not self._asks_rest
        if settings.max_cost is None or has_begun:
            return True
        rows = (row for row in plan.source if not self._folder.is_done(row_ordinal(row)))
        first = next(rows, None)
        if first is None:
            return True
        most = most_usd(plan, self._target, chain([first], rows))
        left = settings.max_cost - self._folder.spent
        if most is None:
            if settings.allow_unknown_cost:
                return True
            words = f"what batches of {self._target.ref} cost at most is unknown"
        elif most <= left:
            return True
        else:
            words = f"the batches may cost up to {dollars(most)}, and {dollars(left)} are left"
        self._stop = StopReason(
            "max_cost", f"{words}; raise --max-cost, or limit the answers with --max-tokens"
        )
        return False

    async def _ask_live(self) -> None:
        max_cost = self._job.plan.settings.max_cost
        left = None if max_cost is None else max(Decimal(0), max_cost - self._folder.spent)
        price = LivePrice(usd=self._run.live_price(), left=left)
        if not self._may_ask_live(price):
            self._stop = StopReason(
                "max_cost",
                "the rows that the vendor has left were not asked live; raise --max-cost, or let "
                "them fail with --then fail",
            )
            return
        live = self._live = self._job.run(None, only=self._left())
        try:
            report = await live.run()
        finally:
            _add(self._totals, live.totals)
            self._live = None
        if report.stopped is not None:
            self._stop = StopReason(report.stopped, report.message or "")

    def _left(self) -> Iterator[Row]:
        for request in self._run.left():
            yield request.row

    def _keep(self, outcome: RowOutcome) -> None:
        try:
            self._folder.add(outcome)
        except OSError as error:
            self._stop = StopReason("disk_full", str(error))
            raise
        self._totals.add_cost(CallCost(outcome.cost, outcome.cost_reason))
        self._totals.add(outcome)

    async def _settle(self) -> None:
        try:
            await asyncio.to_thread(self._folder.sync)
        except OSError as error:
            self._stop = StopReason("disk_full", str(error))
            raise


def status_words(status: VendorStatus) -> str:
    """Return the state of a job at its vendor in words."""
    parts = [
        f"{status.open} batches at work",
        f"{status.collected} of {status.parts} collected",
    ]
    if status.waiting:
        parts.append(f"{status.waiting} not sent yet")
    if status.ended:
        parts.append(f"{status.ended} ended")
    if status.left:
        parts.append(f"{status.left} rows to be asked live")
    return ", ".join(parts)


def row_ordinal(row: Row) -> int:
    """Return the place of a row in its input."""
    return row.row.ordinal if isinstance(row, RowProblem) else row.ordinal


def _add(totals: Totals, more: Totals) -> None:
    """Add the totals of live calls to those of the batches."""
    totals.ok += more.ok
    totals.failed += more.failed
    totals.cost += more.cost
    totals.unknown_costs += more.unknown_costs
    totals.tokens_in += more.tokens_in
    totals.tokens_out += more.tokens_out
    totals.tokens_cached += more.tokens_cached
    for name, count in more.errors.items():
        totals.errors[name] = totals.errors.get(name, 0) + count
    for name, model in more.models.items():
        before = totals.models.setdefault(name, type(model)())
        before.rows += model.rows
        before.tokens_in += model.tokens_in
        before.tokens_out += model.tokens_out
        before.tokens_cached += model.tokens_cached
        before.cost += model.cost
