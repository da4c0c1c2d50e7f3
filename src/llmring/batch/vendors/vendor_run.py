"""A job at a vendor's batch API: split, submitted, looked at, and collected.

Each step is noted before and after it, so that the job goes on after any interruption, days later
and on another machine; see `vendor_notes`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowRequest
from llmring.batch.vendors.batch_watch import BatchWatch
from llmring.batch.vendors.collection import Collection, Then
from llmring.batch.vendors.job_rows import JobRows
from llmring.batch.vendors.part_files import PartWriter, RowMark
from llmring.batch.vendors.row_results import ResultReader
from llmring.batch.vendors.splitting import Splitter
from llmring.batch.vendors.submission import Submission
from llmring.batch.vendors.vendor_clock import SystemClock, VendorClock, next_wait
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_status import VendorStatus, vendor_status
from llmring.exceptions import ProviderError
from llmring.registry.batch_rates import batch_rate
from llmring.routing.failure_policy import is_passing
from llmring.routing.targets import Target


class VendorOptions(Struct, frozen=True, kw_only=True):
    """Options of a job at a vendor.

    Attributes:
        then: What happens to rows that the vendor did not answer, and that may be asked again:
            "live" leaves them to `VendorRun.left`, "again" sends another batch (twice at most),
            "fail" lets them fail.
        keep_files: True if the files at the vendor are not deleted at the end.
        resubmit: True if a part is sent again where it is unclear whether it was sent.
        most_rows: The most rows of a batch; None for as many as the vendor takes.
        asks_rest: True if a job that has ended sends all rows without an outcome in new batches, as
            after a cancellation, to retry failed rows, or to ask changed ones.
    """

    then: Then = "live"
    keep_files: bool = False
    resubmit: bool = False
    most_rows: int | None = None
    asks_rest: bool = False


_USUAL = VendorOptions()


async def _settled() -> None:
    """Return at once, for outcomes that nothing keeps."""


def _nothing(request: RowRequest) -> bool:  # noqa: ARG001
    return False


class VendorRun:
    """A job at a vendor's batch API.

    Args:
        calls: The ring.
        target: The model; see `first_with_batches`.
        requests: The requests of all rows; it must be possible to go through them repeatedly.
        folder: The job's folder; it exists.
        options: The options.
        is_done: Checks if a row has an outcome already; of its row, only `id` and `ordinal` are
            set.
        settle: Returns once all outcomes that were yielded are on disk, or raises an error; the
            vendor's results are deleted after that.
        clock: The clock.

    Raises:
        ConfigurationError: The provider has no batch API, or the job is with another model.
    """

    def __init__(
        self,
        calls: BatchCalls,
        target: Target,
        requests: Iterable[RowRequest],
        folder: Path,
        *,
        options: VendorOptions = _USUAL,
        is_done: Callable[[RowRequest], bool] = _nothing,
        settle: Callable[[], Awaitable[None]] = _settled,
        clock: VendorClock | None = None,
    ) -> None:
        self._options = options
        self._job = job = VendorJob(calls, target, folder, clock or SystemClock())
        self._rows = rows = JobRows(calls, target, requests, is_done)
        self._submission = Submission(job, resubmit=options.resubmit)
        self._watch = BatchWatch(job, self._submission)
        self._collection = Collection(
            job,
            ResultReader(calls, target, rows.request_at),
            then=options.then,
            keep_files=options.keep_files,
            is_done=rows.is_done,
            settle=settle,
        )
        self._passed_refusals = False

    async def submit(self) -> None:
        """Split the input if need be, and send all parts that the vendor takes now.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent before an interruption.
            ProviderError: The vendor can't be asked, or refuses a part.
        """
        rest = self._options.asks_rest and self._is_finished and any(self._rows.not_done())
        if rest or not self._job.progress.is_split:
            await self._split()
        if not self._job.progress.is_cancelled:
            await self._submission.send()

    async def poll(self, *, sends: bool = True) -> VendorStatus:
        """Look once at each batch that is at work, and send parts that have waited.

        While the vendor does not answer, all stays as it is; `status` has the errors.

        Args:
            sends: False to look only.

        Raises:
            UnclearBatchError: As for `submit`.
            ProviderError: The vendor refuses the key, or a part, or does not know a batch.
        """
        await self._watch.look()
        if sends:
            await self._watch.send()
        return self.status()

    async def collect(self) -> AsyncIterator[RowOutcome]:
        """Yield the outcomes of all batches that have ended and were not collected.

        A row may come again after an interruption; `is_done` keeps those away that are kept.

        Raises:
            ProviderError: Results could not be fetched.
        """
        for outcome in self._refusals():
            yield outcome
        mark = self._job.mark
        for part in self._job.parts():
            self._watch.queue_refused(part)
            if part.has_ended and part.mark == mark:
                async for outcome in self._collection.collect(part):
                    yield outcome
            elif part.is_collected and part.batch is not None and part.mark == mark:
                await self._collection.clean(part)

    async def outcomes(self) -> AsyncIterator[RowOutcome]:
        """Submit, wait and collect until all is done, yielding outcomes as they come.

        Raises:
            UnclearBatchError: As for `submit`.
            ProviderError: As for `submit`, `poll` and `collect`.
            ConfigurationError: All batches that are left were created with another key.
        """
        await self.submit()
        wait: float | None = None
        while True:
            try:
                async for outcome in self.collect():
                    yield outcome
                    wait = None
            except ProviderError as error:
                if not is_passing(error):
                    raise
            await self._watch.send()
            if self._is_finished:
                return
            self._watch.check_reach()
            wait = next_wait(wait)
            await self._job.clock.sleep(wait)
            await self.poll()

    async def cancel(self) -> VendorStatus:
        """Cancel all batches, and wait until they have ended; `collect` then yields what they did.

        Raises:
            ProviderError: A batch could not be cancelled.
            ConfigurationError: The batches were created with another key.
        """
        if not self._job.progress.is_cancelled:
            self._job.note("cancelling")
        await self._watch.cancel()
        wait: float | None = None
        while self._watch.has_open:
            self._watch.check_reach()
            await self._watch.look()
            if self._watch.has_open:
                wait = next_wait(wait)
                await self._job.clock.sleep(wait)
        return self.status()

    async def abandon(self) -> None:
        """Cancel all batches and forget them, so that the job starts over; nothing is collected.

        Raises:
            UnclearBatchError: As for `submit`.
            ProviderError: A batch could not be cancelled.
        """
        await self._watch.cancel()
        self._job.note("begun")

    def left(self) -> Iterator[RowRequest]:
        """Yield the requests of rows that the vendor did not answer, to be asked live."""
        ordinals = {
            mark.ordinal
            for part in self._job.parts()
            if part.left
            for mark in self._job.files.left(part.number)
        }
        if ordinals:
            for request in self._rows.not_done():
                if request.row.ordinal in ordinals:
                    yield request

    def live_price(self) -> Decimal | None:
        """Return the USD that the rows of `left` cost live, if they cost as the answered ones did.

        None if that is unknown.
        """
        parts = list(self._job.parts())
        left = sum(part.left for part in parts)
        answered = sum(part.answered for part in parts)
        rate = batch_rate(self._job.target.ref.provider, self._job.target.ref.model)
        if not left:
            return Decimal(0)
        if not answered or rate is None:
            return None
        return sum((part.cost for part in parts), Decimal(0)) / answered / rate.factor * left

    def status(self) -> VendorStatus:
        """Return the state of the job, as far as it is known."""
        mark = self._job.mark
        return vendor_status(
            self._job.progress, self._job.api, mark, self._job.clock.now(), self._watch.faults
        )

    def close(self) -> None:
        """Close the notes."""
        self._job.close()

    @property
    def _is_finished(self) -> bool:
        if self._job.progress.is_cancelled:
            return not any(part.is_open or part.has_ended for part in self._job.parts())
        return self._job.progress.is_done

    async def _split(self) -> None:
        job = secrets.token_hex(8)
        self._job.note("begun", job=job, model=self._job.target.name)
        self._job.files.clear()
        prefix = "" if self._job.api.tags or self._job.api.files is not None else f"{job[:8]}-"
        splitter = Splitter(
            self._job.api, self._rows.render, self._job.files, prefix, self._options.most_rows
        )
        written = []
        with PartWriter(self._job.files.path(0, "refused")) as refusals:
            async for each in splitter.split(self._rows.not_done()):
                if isinstance(each, RowOutcome):
                    refusals.add(msgspec.json.encode(each))
                else:
                    written.append(each)
        self._job.files.sync()
        for part in sorted(written, key=lambda each: each.number):
            self._job.note(
                "part",
                part=part.number,
                rows=part.rows,
                size=part.size,
                path=part.key.path,
                dialect=part.key.dialect,
                api_model=part.key.model,
                headers=dict(part.key.headers),
            )
        self._job.note("split")

    def _refusals(self) -> Iterator[RowOutcome]:
        """Yield the failures of rows that no batch takes, once."""
        path = self._job.files.path(0, "refused")
        if self._passed_refusals or not self._job.progress.is_split or not path.exists():
            return
        with path.open("rb") as file:
            for line in file:
                outcome = msgspec.json.decode(line, type=RowOutcome)
                mark = RowMark(outcome.id, outcome.id, outcome.ordinal, outcome.digest, 0, 0)
                if not self._rows.is_done(mark):
                    yield outcome
        self._passed_refusals = True
