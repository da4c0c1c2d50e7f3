"""The parts that a run of a batch is made of."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable

from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.engine.outcome_journal import OutcomeJournal, Pace
from llmring.batch.engine.row_caller import RowCaller
from llmring.batch.engine.row_reader import Row
from llmring.batch.engine.row_supply import Build
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow

OnRow = Callable[[RowOutcome, InputRow, object], None]


class Parts(Struct, frozen=True, kw_only=True):
    """The parts of a run.

    Attributes:
        id: The ID of the job.
        calls: The calls of the ring.
        caller: Calls models for rows.
        rows: The rows.
        build: Builds the request of a row.
        total: The number of rows; None if it is unknown.
        journal: Keeps outcomes; None if they are only handed on.
        pace: The pace of the requests; None if they are sent without.
        on_row: Called with each outcome that is kept, its row, and the answer in the type that was
            asked for.
        has_room: Returns True if a further row may be sent, as its outcome will be taken soon; is
            given the number of rows on their way.
    """

    id: str
    calls: BatchCalls
    caller: RowCaller
    rows: Iterable[Row] | AsyncIterable[Row]
    build: Build
    total: int | None = None
    journal: OutcomeJournal | None = None
    pace: Pace | None = None
    on_row: OnRow | None = None
    has_room: Callable[[int], bool] | None = None
