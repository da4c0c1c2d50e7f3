"""The results of a job: which rows are done, what they cost, and where their outcomes are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmring.batch.journal.failed_rows import FailedRows
from llmring.batch.journal.job_counts import UNKNOWN, JobCounts
from llmring.batch.journal.outcome_lines import OutcomeLines, outcomes_in
from llmring.batch.journal.row_bits import RowBits
from llmring.batch.outcome import RowOutcome


class JobResults:
    """The state of a job's rows: one bit each, and a byte where rows have failed.

    Args:
        retry_failed: True if all rows that have failed are to be asked again; False for those
            that may succeed later.
    """

    def __init__(self, *, retry_failed: bool = False) -> None:
        self._retry_failed = retry_failed
        self.counts = JobCounts()
        self._ok = RowBits()
        self._failed = FailedRows()

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row is not to be asked."""
        return ordinal in self._ok or ordinal in self._failed

    def take(self, outcome: RowOutcome) -> None:
        """Take an outcome of this run."""
        ordinal = outcome.ordinal
        if ordinal in self._ok:
            # Two attempts have paid for the same row.
            self.counts.add_cost(outcome)
            return
        self.counts.add(outcome, self._failed.pop(ordinal))
        if outcome.status == "ok":
            self._ok.add(ordinal)
        else:
            self._failed.add(ordinal, outcome.error_class or UNKNOWN, passing=outcome.passing)

    def replay(self, paths: Sequence[Path], *, forgets: bool = True) -> int:
        """Take the outcomes of earlier runs; return the number of rows to ask again.

        Args:
            paths: The files of results.
            forgets: True to make the failures that are to be asked again rows to do.
        """
        for _, outcome in outcomes_in(paths):
            self.take(outcome)
        again = 0
        for ordinal in self._failed.to_ask_again(lasting=self._retry_failed):
            again += 1
            error_class = self._failed.pop(ordinal) if forgets else None
            if error_class is not None:
                self.counts.forget(error_class)
        return again


class ResultIndex:
    """The outcome of each row, found by its ordinal; 8 bytes a row.

    Of several outcomes of one row, the first answer counts; without an answer, the last failure.

    Args:
        paths: The files of results.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._places = array("q")
        ok = RowBits()
        for place, outcome in outcomes_in(paths):
            ordinal = outcome.ordinal
            if ordinal in ok:
                continue
            if ordinal >= len(self._places):
                more = max(ordinal + 1 - len(self._places), 1024)
                self._places.extend(array("q", [-1]) * more)
            self._places[ordinal] = place
            if outcome.status == "ok":
                ok.add(ordinal)
        self._lines = OutcomeLines(paths)

    def find(self, ordinal: int) -> RowOutcome | None:
        """Return the outcome of a row; None if it has none."""
        place = self._places[ordinal] if ordinal < len(self._places) else -1
        return None if place < 0 else self._lines.read(place)

    def __iter__(self) -> Iterator[RowOutcome]:
        for place in self._places:
            outcome = None if place < 0 else self._lines.read(place)
            if outcome is not None:
                yield outcome

    def close(self) -> None:
        """Close the files."""
        self._lines.close()
