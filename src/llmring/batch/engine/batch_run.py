"""One run of a batch: rows are sent as places become free, and each outcome is kept."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from llmring.batch.engine import row_result
from llmring.batch.engine.batch_settings import BatchSettings
from llmring.batch.engine.equal_rows import EqualRows, same
from llmring.batch.engine.failure_kind import FailureKind, unusable_message
from llmring.batch.engine.failure_watch import FailureWatch
from llmring.batch.engine.later_rounds import LaterRounds
from llmring.batch.engine.money_waits import MoneyWaits
from llmring.batch.engine.outcome_keeper import OutcomeKeeper
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.engine.reports.run_progress import BatchProgress, RateMeter
from llmring.batch.engine.reports.run_report import RunState, progress_of, report_of
from llmring.batch.engine.reports.totals import Totals
from llmring.batch.engine.row_queue import Lane, RowQueue, Work
from llmring.batch.engine.row_reader import RowReader
from llmring.batch.engine.row_supply import RowSupply
from llmring.batch.engine.run_parts import Parts
from llmring.batch.engine.spending import require_prices
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.outcome import RowOutcome
from llmring.chat.cost import EXACT
from llmring.exceptions import BudgetExceededError, LLMRingError

# Rows that wait, as a multiple of those in flight.
_WAITING = 4
# How often what waits for a turn is called back, after the job was asked to stop.
_RECALL_SECONDS = 0.5


class BatchRun:
    """One run of a batch, in one event loop.

    Args:
        parts: What it is made of.
        settings: How rows are sent, and when it stops.
    """

    def __init__(self, parts: Parts, settings: BatchSettings) -> None:
        self._parts = parts
        self._settings = settings
        self.totals = Totals()
        self._watch = FailureWatch(settings.max_failed, settings.max_failed_share)
        self._queue = RowQueue(_WAITING * settings.concurrency)
        self._keeper = OutcomeKeeper(parts.journal, self._kept, self._trouble_ended)
        self._equal: EqualRows | None = None
        self._only: Lane | None = None
        self._supply: RowSupply | None = None
        self._reader: RowReader | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._money = MoneyWaits(
            self._queue,
            settings.max_cost,
            waits_for_budget=settings.waits_for_budget,
            fill=self.fill,
            stop=self.stop,
            spent=self._spent,
        )
        self._later = LaterRounds(self._queue, settings.retry_seconds, self.fill)
        self._ended = asyncio.Event()
        self._stop: StopReason | None = None
        self._failure: BaseException | None = None
        self._began = time.monotonic()
        self._meter = RateMeter(self._began)
        self._earlier_spent = Decimal(0) if parts.journal is None else parts.journal.spent

    async def run(self) -> BatchReport:
        """Send all rows, and return the report.

        Raises:
            LLMRingError: The alias does not exist, or the price of a model is unknown.
            Exception: What the input raised, after the rows in flight.
        """
        settings, parts = self._settings, self._parts
        if settings.alias is not None:
            self._only = self._queue.lanes[settings.alias] = self._new_lane(settings.alias)
        if settings.dedupe:
            self._equal = EqualRows(() if parts.journal is None else parts.journal.outcomes())
        reader = self._reader = RowReader(parts.rows, self.fill)
        self._supply = RowSupply(
            reader,
            parts.build,
            parts.journal,
            self._queue,
            self._new_lane,
            self._equal,
            lambda outcome, row: self._keeper.add(outcome, (row, None)),
            self._count_earlier,
        )
        try:
            if settings.max_cost is not None and self._earlier_spent >= settings.max_cost:
                self._money.reached(Decimal(0))
            self.fill()
            await self._ended.wait()
            await self._keeper.finish()
        finally:
            await self._wind_up()
        if self._failure is not None:
            raise self._failure
        if reader.error is not None and self._stop is None:
            raise reader.error
        return self.report()

    def fill(self) -> None:
        """Send rows, as far as there are free places."""
        supply, queue, only = self._supply, self._queue, self._only
        if supply is None or not self._may_send():
            self._check_end()
            return
        for lane in queue.ready():
            work = queue.take(lane)
            if work is None or not self._may_send():
                break
            self._start(work)
        while self._may_send() and (only is None or only.has_room):
            work = supply.next()
            if work is None:
                break
            if not self._place(work):
                supply.hold(work)
                break
        self._check_end()

    def stop(self, reason: StopReason) -> None:
        """Send no new rows, and end when those in flight are done.

        A row in flight that does not end within the time for it is given up if somebody waits.
        """
        if self._stop is not None:
            return
        self._stop = reason
        if self._reader is not None:
            self._reader.close()
        self._recall()
        if reason.is_signal:
            asyncio.get_running_loop().call_later(self._settings.grace, self.abort)
        self._check_end()

    def abort(self) -> None:
        """Give up the rows in flight."""
        for task in [*self._tasks]:
            task.cancel()
        self._check_end()

    @property
    def is_stopping(self) -> bool:
        """True if it was asked to stop."""
        return self._stop is not None

    def progress(self) -> BatchProgress:
        """Return how far it is."""
        totals, now = self.totals, time.monotonic()
        return progress_of(
            totals,
            RunState(
                total=self._parts.total,
                in_flight=len(self._tasks),
                waiting=self._queue.count,
                rate=self._meter.rate(totals.ok + totals.failed, now),
                spent=self._spent(),
                seconds=now - self._began,
                trouble=self._trouble(),
            ),
            self._settings.max_cost,
            self._parts.pace,
        )

    def report(self) -> BatchReport:
        """Return the report."""
        return report_of(
            self._parts.id,
            self.totals,
            total=self._parts.total,
            spent=self._spent(),
            seconds=time.monotonic() - self._began,
            stopped=self._stop,
        )

    def _trouble(self) -> str | None:
        if self._keeper.unwritten:
            return f"the disk is full; {self._keeper.unwritten} finished rows wait for room"
        resumes = self._money.resumes
        if resumes is None:
            return None
        seconds = resumes - asyncio.get_running_loop().time()
        return f"the budget is used up; waiting {max(0.0, seconds):.0f} s for the next period"

    def _spent(self) -> Decimal:
        return EXACT.add(self._earlier_spent, self.totals.cost)

    def _new_lane(self, name: str) -> Lane:
        """Return what the rows of a model share.

        Raises:
            LLMRingError: The alias does not exist, or the price of a model is unknown.
        """
        settings, calls = self._settings, self._parts.calls
        models = calls.models(name, settings.profile)
        if settings.max_cost is not None and not settings.allow_unknown_cost:
            require_prices(models, calls.today())
        return Lane(name, settings.concurrency, is_cold=settings.cache_system)

    def _may_send(self) -> bool:
        if self._stop is not None or self._failure is not None or self._keeper.unwritten:
            return False
        has_room = self._parts.has_room
        return has_room is None or has_room(len(self._tasks))

    def _place(self, work: Work) -> bool:
        """Send a row, or let it wait; return False if it has found no place."""
        if work.lane.has_room:
            self._start(work)
            return True
        if self._queue.is_full:
            return False
        self._queue.add(work)
        return True

    def _start(self, work: Work) -> None:
        work.lane.in_flight += 1
        task = asyncio.get_running_loop().create_task(self._work(work))
        self._tasks.add(task)

    async def _work(self, work: Work) -> None:
        """Send rows of one model, one after the other."""
        lane = work.lane
        try:
            following: Work | None = work
            while following is not None:
                await self._send(following)
                following = self._next(lane)
        except asyncio.CancelledError:
            # The row was called back, or given up: it is asked in the next run.
            if self._stop is None and self._failure is None:
                self._fail(RuntimeError("a call of the batch was cancelled from outside"))
        except BaseException as error:  # noqa: BLE001 -- the job raises it
            self._fail(error)
        finally:
            lane.in_flight -= 1
            task = asyncio.current_task()
            if task is not None:
                self._tasks.discard(task)
            self._check_end()

    def _next(self, lane: Lane) -> Work | None:
        """Return the next row of a model, and deal out those of others on the way."""
        supply = self._supply
        if supply is None or not lane.may_go_on:
            return None
        has_room = self._parts.has_room
        if self._stop is not None or self._failure is not None or self._keeper.unwritten:
            return None
        if has_room is not None and not has_room(len(self._tasks) - 1):
            return None
        work = self._queue.take(lane)
        if work is not None:
            return work
        while True:
            work = supply.next()
            if work is None or work.lane is lane:
                return work
            if not self._place(work):
                supply.hold(work)
                return None

    async def _send(self, work: Work) -> None:
        """Send a row, and do what its outcome asks for."""
        while True:
            result = await self._parts.caller.call(work)
            self.totals.add_cost(result.cost)
            if result.outcome is not None:
                work.lane.row_answered()
                self._settle(work, result.outcome, result.parsed)
                if self._money.any_waits:
                    self._money.row_ended()
            elif self._money.is_tried_again(work, result.kind, len(self._tasks)):
                continue
            elif result.error is not None:
                self._not_answered(work, result.error, result.kind)
            return

    def _not_answered(self, work: Work, error: LLMRingError, kind: FailureKind | None) -> None:
        """Do what the failure of a call asks for."""
        match kind:
            case FailureKind.NO_MONEY | FailureKind.NO_BUDGET:
                if isinstance(error, BudgetExceededError) and self._stop is None:
                    self._money.refused(work, error, len(self._tasks))
                return
            case FailureKind.UNUSABLE:
                self.stop(StopReason("unusable", unusable_message(error)))
                return
            case FailureKind.AGAIN:
                work.rounds += 1
                if work.rounds < self._settings.tries:
                    if self._stop is None:
                        self._later.add(work, getattr(error, "retry_after", None))
                    return
        self._settle(work, row_result.failed(work.request, error, work.attempts, work.cost), None)

    def _settle(self, work: Work, outcome: RowOutcome, parsed: object) -> None:
        """Keep the outcome of a row, and of those that ask the same."""
        self._keeper.add(outcome, (work.request.row, parsed))
        if self._equal is None:
            return
        self._equal.settle(outcome)
        for each in work.equal:
            self._keeper.add(same(outcome, each), (each.row, parsed))
        self._queue.release(len(work.equal))

    def _kept(self, outcome: RowOutcome, belongings: object) -> None:
        self.totals.add(outcome)
        reason = self._watch.add(failed=outcome.status == "failed")
        if reason is not None:
            self.stop(reason)
        if self._parts.on_row is not None and isinstance(belongings, tuple):
            self._parts.on_row(outcome, *belongings)

    def _count_earlier(self) -> None:
        self.totals.earlier += 1

    def _trouble_ended(self) -> None:
        if self._keeper.is_given_up:
            message = (
                f"{self._keeper.unwritten} finished rows could not be written, and will be asked "
                f"again: {self._keeper.error}; make room, and run the same command"
            )
            self.stop(StopReason("disk_full", message))
        self.fill()

    def _recall(self) -> None:
        """Call back the rows that wait for their turns, again and again until none is left."""
        self._queue.clear()
        if self._supply is not None:
            self._supply.drop()
        if self._parts.pace is not None:
            self._parts.pace.close()
        if not self._ended.is_set():
            asyncio.get_running_loop().call_later(_RECALL_SECONDS, self._recall)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            if self._reader is not None:
                self._reader.close()
            self._recall()

    def _check_end(self) -> None:
        if self._tasks:
            return
        if self._stop is not None or self._failure is not None:
            self._ended.set()
            return
        is_read = self._supply is not None and self._supply.is_done
        if is_read and not self._queue.count and not self._keeper.unwritten:
            self._ended.set()

    async def _wind_up(self) -> None:
        """End everything that still runs."""
        self._ended.set()
        if self._reader is not None:
            self._reader.close()
        self._later.close()
        tasks = [*self._tasks]
        if tasks and self._stop is None and self._failure is None:
            # The task that runs the job was cancelled.
            self._stop = StopReason("left", "the job was left")
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
