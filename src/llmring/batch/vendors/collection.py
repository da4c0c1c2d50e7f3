"""Collection of results: fetched to files, matched to their rows by ID, and passed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from llmring.batch.outcome import RowOutcome
from llmring.batch.vendors.part_files import RowMark, new_part
from llmring.batch.vendors.row_results import CANCELLED, MISSING, REFUSED, ResultReader, unanswered
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.dialects.batches.batch_api import BatchFault, BatchState
from llmring.exceptions import ProviderError
from llmring.redaction import redact

# What happens to rows that have no answer, and could have one if they were asked again.
Then = Literal["live", "again", "fail"]
# A row that this many batches have not answered fails.
_MOST_ROUNDS = 3


class Collection:
    """Collects the results of a job's batches.

    Args:
        job: The job.
        reader: Reads the results of rows.
        then: What happens to rows without an answer.
        keep_files: True if the vendor's files are not deleted.
        is_done: Checks if a row has an outcome already.
        settle: Returns once all outcomes that were yielded are on disk.
    """

    def __init__(
        self,
        job: VendorJob,
        reader: ResultReader,
        *,
        then: Then,
        keep_files: bool,
        is_done: Callable[[RowMark], bool],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._job = job
        self._api = job.api
        self._files = job.files
        self._reader = reader
        self._then = then
        self._keep_files = keep_files
        self._is_done = is_done
        self._settle = settle
        self._kept: set[str] = set()

    async def collect(self, part: BatchPart) -> AsyncIterator[RowOutcome]:
        """Yield the outcomes of a part whose batch has ended.

        Args:
            part: The part.

        Raises:
            ProviderError: The results could not be fetched.
        """
        state = part.state
        assert state is not None  # noqa: S101 -- a batch ends by a state
        left: dict[str, RowOutcome] = {}
        answered, cost = 0, Decimal(0)
        if state.phase == "refused":
            outcomes = self._refused(part)
        else:
            await self._download(part)
            outcomes = self._outcomes(part)
        for custom, outcome in outcomes:
            if outcome.status == "failed" and outcome.passing and self._is_asked_again(part):
                left[custom] = outcome
                continue
            if outcome.status == "ok" and outcome.cost is not None:
                answered += 1
                cost += outcome.cost
            yield outcome
        if self._job.progress.is_cancelled:
            # These were not asked, so they have no outcome.
            left = {}
        # After this the vendor's results may be gone.
        await self._settle()
        self._note_collected(part, left, answered, cost)
        await self.clean(part)

    def _is_asked_again(self, part: BatchPart) -> bool:
        state = part.state
        if state is not None and state.phase == "refused" and not _lines_at_fault(state):
            # The next batch with these rows would be refused too.
            return False
        if self._job.progress.is_cancelled or self._then == "live":
            return True
        return self._then == "again" and part.round + 1 < _MOST_ROUNDS

    def _note_collected(
        self, part: BatchPart, left: dict[str, RowOutcome], answered: int, cost: Decimal
    ) -> None:
        """Note a part as collected, in one note with the part that its unanswered rows go to."""
        facts: dict[str, object] = {"answered": answered, "cost": cost}
        if left and self._then == "again":
            number = max(self._job.progress.parts) + 1
            made = new_part(self._files, number, part.number, left.__contains__)
            facts |= {"again": number, "rows": made.rows, "size": made.size}
        elif left:
            marks = (mark for mark in self._files.marks(part.number) if mark.custom in left)
            facts["left"] = self._files.write_left(part.number, marks)
        if left:
            self._files.sync()
        self._job.note("collected", part, batch=part.batch or "", **facts)

    def _refused(self, part: BatchPart) -> Iterator[tuple[str, RowOutcome]]:
        """Yield the failures of the rows of a batch that the vendor refused as a whole."""
        state, name = part.state, self._job.target.name
        faults = state.faults if state is not None else ()
        at_fault = _lines_at_fault(state) if state is not None else {}
        general = "; ".join(dict.fromkeys(map(_words, faults))) or "no reason given"
        for line, mark in enumerate(self._files.marks(part.number), 1):
            if self._is_done(mark):
                continue
            fault = at_fault.get(line)
            words = general if fault is None else _words(fault)
            outcome = unanswered(mark, REFUSED, name, part.batch, words)
            yield mark.custom, replace(outcome, passing=fault is None)

    async def _download(self, part: BatchPart) -> None:
        state = part.state
        for at, output in enumerate(state.outputs if state is not None else (), 1):
            path = self._files.path(part.number, f"results-{at}")
            if output in part.downloads and path.exists():
                continue
            try:
                await self._job.door.download(self._api.download(output), path)
            except ProviderError as error:
                if error.status not in self._api.gone:
                    raise
                # The vendor has deleted it; its rows are missing.
                path.write_bytes(b"")
            self._job.note("downloaded", part, file=output, name=path.name)

    def _lines(self, part: BatchPart) -> Iterator[bytes]:
        state = part.state
        for at in range(1, 1 + len(state.outputs if state is not None else ())):
            with self._files.path(part.number, f"results-{at}").open("rb") as file:
                yield from file

    def _outcomes(self, part: BatchPart) -> Iterator[tuple[str, RowOutcome]]:
        """Yield the outcomes of all rows, each with the row's ID at the vendor."""
        marks = {mark.custom: mark for mark in self._files.marks(part.number)}
        seen: set[str] = set()
        repeated: set[str] = set()
        for line in self._lines(part):
            result = self._api.result(line)
            if result is not None and result.id in marks:
                (repeated if result.id in seen else seen).add(result.id)
        batch, reader = part.batch or "", self._reader.of_api(part.dialect)
        for line in self._lines(part):
            result = self._api.result(line)
            if result is None or result.id in repeated:
                continue
            mark = marks.pop(result.id, None)
            if mark is not None and not self._is_done(mark):
                yield mark.custom, reader.outcome(mark, result, batch)
        was_cancelled = self._job.progress.is_cancelled
        for mark in marks.values():
            if not self._is_done(mark):
                why = CANCELLED if was_cancelled else MISSING
                yield mark.custom, unanswered(mark, why, self._job.target.name, batch)

    async def clean(self, part: BatchPart) -> None:
        """Delete the files of a collected part, at the vendor as far as it lets them be deleted."""
        self._files.remove(part.number, keep_left=bool(part.left))
        store = self._api.files
        if self._keep_files or store is None:
            return
        outputs = part.state.outputs if part.state is not None else ()
        for file in filter(None, (part.file, *outputs)):
            if file in part.deleted or file in self._kept:
                continue
            try:
                await self._job.door.repeated(store.delete(file), lambda _head, _body: None)
            except ProviderError as error:
                if error.status not in self._api.gone:
                    # The vendor deletes it in time.
                    self._kept.add(file)
                    continue
            self._job.note("deleted", part, file=file)


def _lines_at_fault(state: BatchState) -> dict[int, BatchFault]:
    return {fault.line: fault for fault in state.faults if fault.line is not None}


def _words(fault: BatchFault) -> str:
    return redact(" ".join(filter(None, (fault.code, fault.message))))
