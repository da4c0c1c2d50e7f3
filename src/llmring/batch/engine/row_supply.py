"""The supply of rows to send: read, built, and without those that are done or can't be asked."""

from __future__ import annotations

from collections.abc import Callable

from llmring.batch.engine.equal_rows import EqualRows, same
from llmring.batch.engine.outcome_journal import OutcomeJournal
from llmring.batch.engine.row_queue import Lane, RowQueue, Work
from llmring.batch.engine.row_reader import Row, RowReader
from llmring.batch.engine.row_result import refused
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.exceptions import LLMRingError

Build = Callable[[Row], RowRequest | RowProblem]


class RowSupply:
    """Supplies the rows to send.

    Args:
        reader: Reads the rows.
        build: Builds the request of a row.
        journal: Knows which rows are done; None if none is.
        queue: The rows that wait, whose number is bounded.
        new_lane: Returns what the rows of a model share.
        equal: Finds equal requests; None if each row is asked.
        on_outcome: Called with the outcome of a row that is not sent.
        on_earlier: Called for a row that is done.
    """

    def __init__(
        self,
        reader: RowReader,
        build: Build,
        journal: OutcomeJournal | None,
        queue: RowQueue,
        new_lane: Callable[[str], Lane],
        equal: EqualRows | None,
        on_outcome: Callable[[RowOutcome, InputRow], None],
        on_earlier: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._build = build
        self._is_done = None if journal is None else journal.is_done
        self._queue = queue
        self._new_lane = new_lane
        self._equal = equal
        self._on_outcome = on_outcome
        self._on_earlier = on_earlier
        self._held: Work | None = None

    @property
    def is_done(self) -> bool:
        """True if no further row will come."""
        return self._held is None and self._reader.is_done

    def hold(self, work: Work) -> None:
        """Keep a row that has found no place; it is the next one."""
        self._held = work

    def drop(self) -> None:
        """Drop the row that is kept, if there is one."""
        self._held = None

    def next(self) -> Work | None:
        """Return the next row to send; None if no row can be sent yet."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        while not self._queue.is_full:
            row = self._reader.take()
            if row is None:
                return None
            if self._is_done is not None and self._is_done(_ordinal(row)):
                self._on_earlier()
                continue
            work = self._work(self._build(row))
            if work is not None:
                return work
        return None

    def _work(self, request: RowRequest | RowProblem) -> Work | None:
        if isinstance(request, RowProblem):
            self._on_outcome(refused(request), request.row)
            return None
        name = request.request.model or ""
        lane = self._queue.lanes.get(name)
        if lane is None:
            try:
                lane = self._queue.lanes[name] = self._new_lane(name)
            except LLMRingError as error:
                problem = RowProblem(request.row, f"{request.row.place}: {error}", request.digest)
                self._on_outcome(refused(problem), request.row)
                return None
        if self._equal is None:
            return Work(request, lane)
        return self._different(self._equal, request, lane)

    def _different(self, equal: EqualRows, request: RowRequest, lane: Lane) -> Work | None:
        """Return a row to send, unless its answer is that of another one."""
        first = equal.first(request)
        if isinstance(first, RowOutcome):
            self._on_outcome(same(first, request), request.row)
            return None
        if first is not None:
            first.equal.append(request)
            self._queue.hold()
            return None
        work = Work(request, lane)
        equal.ask(work)
        return work


def _ordinal(row: Row) -> int:
    return row.row.ordinal if isinstance(row, RowProblem) else row.ordinal
