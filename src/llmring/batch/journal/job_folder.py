"""A job that is open: in its folder, whose lock it holds, or in memory alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from llmring.batch.journal.job_counts import JobCounts
from llmring.batch.journal.job_description import JobFile
from llmring.batch.journal.job_file import next_number, result_paths, results_name
from llmring.batch.journal.job_lock import JobLock
from llmring.batch.journal.job_results import JobResults, ResultIndex
from llmring.batch.journal.journal_file import JournalFile
from llmring.batch.journal.outcome_lines import encoded
from llmring.batch.outcome import RowOutcome
from llmring.chat.cost import EXACT


class JobFolder:
    """A job on disk; `open_job` opens it.

    Args:
        path: The folder.
        job: The content of its `job.json`.
        lock: Its lock, which this object holds.
        results: The state of its rows.

    Attributes:
        path: The folder.
        job: The content of its `job.json`.

    Raises:
        OSError: The file of results can't be created.
    """

    def __init__(self, path: Path, job: JobFile, lock: JobLock, results: JobResults) -> None:
        self.path = path
        self.job = job
        self._lock = lock
        self._results = results
        self._file = JournalFile(path / results_name(next_number(path)))
        self._is_closed = False

    @property
    def counts(self) -> JobCounts:
        """The counts of all runs."""
        return self._results.counts

    @property
    def spent(self) -> Decimal:
        """USD of all runs, under earlier descriptions too, as far as they are known."""
        return EXACT.add(Decimal(self.job.spent_before), self.counts.spent)

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row is not to be asked."""
        return self._results.is_done(ordinal)

    def add(self, outcome: RowOutcome) -> None:
        """Write an outcome, and count it.

        Raises:
            OSError: It can't be written, and does not count; the file is as before. After a full
                disk has room again, it can be added again.
        """
        self._file.write(encoded(outcome))
        self._results.take(outcome)

    def sync(self) -> None:
        """Return once all outcomes that were added are on disk.

        Raises:
            OSError: They could not be synced.
        """
        self._file.sync()

    def outcomes(self) -> Iterator[RowOutcome]:
        """Yield the outcome of each row in the order of the input, read from the disk."""
        index = ResultIndex(self.result_paths())
        try:
            yield from index
        finally:
            index.close()

    def result_paths(self) -> list[Path]:
        """Return the files of results that count."""
        return result_paths(self.path, self.job)

    def close(self) -> None:
        """Sync the results to disk, and let another run begin.

        Raises:
            OSError: They could not be synced.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._file.close()
        finally:
            self._lock.release()


class MemoryJob:
    """A job that is kept in memory alone, with the methods of `JobFolder`.

    Args:
        keeps_outcomes: True to hold the outcomes; False if they are handed on as they come.
    """

    def __init__(self, *, keeps_outcomes: bool = False) -> None:
        self._results = JobResults()
        self._outcomes: dict[int, RowOutcome] | None = {} if keeps_outcomes else None

    @property
    def counts(self) -> JobCounts:
        """The counts of the run."""
        return self._results.counts

    @property
    def spent(self) -> Decimal:
        """USD, as far as they are known."""
        return self.counts.spent

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row has an outcome."""
        return self._results.is_done(ordinal)

    def add(self, outcome: RowOutcome) -> None:
        """Count an outcome."""
        self._results.take(outcome)
        if self._outcomes is not None:
            self._outcomes[outcome.ordinal] = outcome

    def outcomes(self) -> Iterator[RowOutcome]:
        """Yield the outcomes that are held, in the order of the input."""
        outcomes = self._outcomes or {}
        for ordinal in sorted(outcomes):
            yield outcomes[ordinal]

    def close(self) -> None:
        """Do nothing."""


Job = JobFolder | MemoryJob
