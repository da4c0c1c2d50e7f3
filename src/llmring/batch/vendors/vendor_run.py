"""A job at a vendor's batch API: split, submitted, looked at, and collected.

Each step is noted before and after it, so that the job goes on after any interruption, days later
and on another machine; see `vendor_notes`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow, RowRequest
from llmring.batch.vendors.collection import Collection, Then
from llmring.batch.vendors.part_files import PartWriter, RowMark
from llmring.batch.vendors.row_results import RowReader
from llmring.batch.vendors.splitting import Splitter
from llmring.batch.vendors.submission import Submission
from llmring.batch.vendors.vendor_clock import SystemClock, VendorClock, next_wait
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.batch.vendors.vendor_status import VendorStatus, vendor_status
from llmring.chat.request import LLMRequest
from llmring.exceptions import ConfigurationError, ProviderError
from llmring.registry.batch_rates import batch_rate
from llmring.routing.failure_policy import is_passing
from llmring.routing.selection.embedding_targets import embed
from llmring.routing.targets import Target
from llmring.wire import HttpRequest


class VendorOptions(Struct, frozen=True, kw_only=True):
    """Options of a job at a vendor.

    Attributes:
        then: What happens to rows that the vendor did not answer, and that may be asked again:
            "live" leaves them to `VendorRun.left`, "again" sends another batch (twice at most),
            "fail" lets them fail.
        keep_files: True if the files at the vendor are not deleted at the end.
        resubmit: True if a part is sent again where it is unclear whether it was sent.
        most_rows: The most rows of a batch; None for as many as the vendor takes.
    """

    then: Then = "live"
    keep_files: bool = False
    resubmit: bool = False
    most_rows: int | None = None


_USUAL = VendorOptions()


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
        clock: VendorClock | None = None,
    ) -> None:
        self._calls = calls
        self._requests = requests
        self._most_rows = options.most_rows
        self._row_is_done = is_done
        self._job = job = VendorJob(calls, target, folder, clock or SystemClock())
        self._submission = Submission(job, resubmit=options.resubmit)
        self._collection = Collection(
            job,
            RowReader(calls, target, self._request_at),
            then=options.then,
            keep_files=options.keep_files,
            is_done=self._is_done,
        )
        self._forms: dict[int, LLMRequest] = {}
        self._faults: list[str] = []
        self._passed_refusals = False

    async def submit(self) -> None:
        """Split the input if need be, and send all parts that the vendor takes now.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent before an interruption.
            ProviderError: The vendor can't be asked, or refuses a part.
        """
        if not self._job.progress.is_split:
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
        mark = self._job.mark
        self._faults = []
        for part in self._job.parts():
            if part.is_open and part.mark == mark:
                await self._look(part)
        if sends:
            await self._send_waiting()
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
            self._queue_refused(part)
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
            await self._send_waiting()
            if self._is_finished():
                return
            self._check_reach()
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
        await self._settle_pending()
        mark = self._job.mark
        for part in self._job.parts():
            if part.is_open and part.mark == mark:
                await self._cancel(part)
        wait: float | None = None
        while any(part.is_open for part in self._job.parts()):
            self._check_reach()
            await self.poll()
            if any(part.is_open for part in self._job.parts()):
                wait = next_wait(wait)
                await self._job.clock.sleep(wait)
        return self.status()

    def left(self) -> Iterator[RowRequest]:
        """Yield the requests of rows that the vendor did not answer, to be asked live."""
        ordinals = {
            mark.ordinal
            for part in self._job.parts()
            if part.left
            for mark in self._job.files.left(part.number)
        }
        if ordinals:
            for request in self._requests:
                if request.row.ordinal in ordinals and not self._row_is_done(request):
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
            self._job.progress, self._job.api, mark, self._job.clock.now(), self._faults
        )

    def close(self) -> None:
        """Close the notes."""
        self._job.close()

    def _is_finished(self) -> bool:
        if self._job.progress.is_cancelled:
            return not any(part.is_open or part.has_ended for part in self._job.parts())
        return self._job.progress.is_done

    async def _split(self) -> None:
        job = self._job.progress.job or secrets.token_hex(8)
        self._job.note("begun", job=job, model=self._job.target.name)
        self._job.files.clear()
        prefix = "" if self._job.api.tags or self._job.api.files is not None else f"{job[:8]}-"
        splitter = Splitter(self._job.api, self._render, self._job.files, prefix, self._most_rows)
        written = []
        with PartWriter(self._job.files.path(0, "refused")) as refusals:
            async for each in splitter.split(self._not_done()):
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

    def _not_done(self) -> Iterator[RowRequest]:
        for request in self._requests:
            if not self._row_is_done(request):
                yield request

    async def _render(self, request: RowRequest) -> tuple[HttpRequest, Target]:
        if request.operation == "embeddings":
            prepared = embed(request.texts, None)(self._job.target)
        else:
            prepared = self._calls.prepare(request.request)(self._job.target)
        http = prepared.http
        if prepared.finish is not None:
            http = await prepared.finish(self._calls.fetch, None)
        return http, prepared.target or self._job.target

    def _refusals(self) -> Iterator[RowOutcome]:
        """Yield the failures of rows that no batch takes, once."""
        path = self._job.files.path(0, "refused")
        if self._passed_refusals or not self._job.progress.is_split or not path.exists():
            return
        with path.open("rb") as file:
            for line in file:
                outcome = msgspec.json.decode(line, type=RowOutcome)
                if not self._row_is_done(_bare(outcome.id, outcome.ordinal, outcome.digest)):
                    yield outcome
        self._passed_refusals = True

    async def _look(self, part: BatchPart) -> None:
        try:
            state = await self._job.door.repeated(
                self._job.api.look(part.batch or ""), self._job.api.state
            )
        except ProviderError as error:
            if not is_passing(error):
                raise
            self._faults.append(f"batch {part.batch}: {error}")
            return
        if part.state is None or state.phase != part.state.phase:
            self._job.note("state", part, batch=state.id, state=state)
        # Of counts that grow, the next look has the newest.
        part.state = state
        if part.is_open:
            return
        self._submission.hurry()
        self._queue_refused(part)

    def _queue_refused(self, part: BatchPart) -> None:
        """Let a part wait if its batch was refused because the vendor has too much at work."""
        state = part.state
        if part.has_ended and state is not None and state.phase == "refused":
            codes = {fault.code for fault in state.faults}
            if codes & self._job.api.queues:
                self._submission.queue(part, ", ".join(sorted(codes)))

    async def _send_waiting(self) -> None:
        """Send parts that have waited; one that can't be sent now waits on."""
        if not self._job.progress.is_split or self._job.progress.is_cancelled:
            return
        try:
            await self._submission.send()
        except ProviderError as error:
            if not is_passing(error):
                raise
            self._faults.append(str(error))

    async def _cancel(self, part: BatchPart) -> None:
        try:
            await self._job.door.repeated(
                self._job.api.cancel(part.batch or ""), lambda _head, _body: None
            )
        except ProviderError as error:
            # A batch that has ended in the meantime can't be cancelled.
            if error.status not in (400, 404, 409):
                raise

    async def _settle_pending(self) -> None:
        """Find the batches whose creation was interrupted, so that they are cancelled too."""
        for part in self._job.parts():
            if part.creating is not None and part.batch is None:
                await self._submission.find(part)

    def _check_reach(self) -> None:
        """Check that a batch is left that can be looked at with the key of today.

        Raises:
            ConfigurationError: All were created with another key.
        """
        mark = self._job.mark
        waiting = [part for part in self._job.parts() if part.is_open or part.has_ended]
        foreign = [part.batch or "" for part in waiting if part.mark != mark]
        if foreign and len(foreign) == len(waiting):
            raise ConfigurationError(
                f"the batches {', '.join(foreign)} were created with another key of "
                f"{self._job.target.ref.provider}; set that key to fetch their results"
            )

    def _request_at(self, ordinal: int) -> LLMRequest:
        """Return the request of a row.

        Raises:
            ConfigurationError: The input has changed.
        """
        if ordinal not in self._forms:
            for request in self._requests:
                if request.row.ordinal == ordinal:
                    self._forms[ordinal] = request.request
                    break
            else:
                raise ConfigurationError(
                    f"the input lacks row {ordinal + 1}, which was sent to the vendor; give the "
                    "same input as before"
                )
        return self._forms[ordinal]

    def _is_done(self, mark: RowMark) -> bool:
        return self._row_is_done(_bare(mark.id, mark.ordinal, mark.digest))


def _bare(id_: str, ordinal: int, digest: str) -> RowRequest:
    row = InputRow(ordinal, id_, {}, "")
    return RowRequest(row, "chat", LLMRequest(), digest=digest)
