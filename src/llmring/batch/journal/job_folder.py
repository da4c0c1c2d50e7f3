"""The folder of a job: its description, its results, and the lock of the run in progress."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from llmring.batch.journal.changed_job import counted_changes, results_kept
from llmring.batch.journal.job_counts import JobCounts
from llmring.batch.journal.job_description import JobDescription, JobFile
from llmring.batch.journal.job_lock import JobLock
from llmring.batch.journal.job_results import JobResults, encoded, outcomes_in
from llmring.batch.journal.journal_file import FULL, JournalFile, cut_torn_line
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem, RowRequest
from llmring.chat.cost import EXACT
from llmring.exceptions import ConfigurationError

Changed = Literal["keep", "rerun"]
Requests = Callable[[], Iterator[RowRequest | RowProblem]]

JOB_FILE = "job.json"
_RESULTS = "results-*.jsonl"
_FULL_SECONDS = 60.0


class JobFolder:
    """A job on disk; `open_job` opens it.

    Args:
        path: The folder.
        job: The content of its `job.json`.
        lock: Its lock, which this object holds.
        results: The state of its rows.
        full_seconds: Seconds to wait for room on a full disk.

    Attributes:
        path: The folder.
        job: The content of its `job.json`.
    """

    def __init__(
        self,
        path: Path,
        job: JobFile,
        lock: JobLock,
        results: JobResults,
        *,
        full_seconds: float = _FULL_SECONDS,
    ) -> None:
        self.path = path
        self.job = job
        self._lock = lock
        self._results = results
        self._full_seconds = full_seconds
        self._file = JournalFile(path / results_name(_last_number(path) + 1))
        self._waiting: list[RowOutcome] = []
        self._full_since: float | None = None

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

    @property
    def is_full(self) -> bool:
        """True while the disk has no room, and outcomes wait in memory."""
        return bool(self._waiting)

    def add(self, outcome: RowOutcome) -> None:
        """Write an outcome, and count it; while the disk is full, keep it in memory.

        Raises:
            OSError: It can't be written for another reason.
        """
        if self._waiting or not self._written(outcome):
            self._waiting.append(outcome)
            return
        self._results.take(outcome)

    def write_waiting(self) -> None:
        """Try to write the outcomes that wait for room on the disk.

        Raises:
            ConfigurationError: The disk has been full for a minute.
            OSError: They can't be written for another reason.
        """
        while self._waiting:
            if not self._written(self._waiting[0]):
                break
            self._results.take(self._waiting.pop(0))
        if not self._waiting:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = time.monotonic()
        elif time.monotonic() - self._full_since > self._full_seconds:
            raise ConfigurationError(
                f"{self.path}: the disk is full; {len(self._waiting)} outcomes could not be "
                "written, and their rows will be asked again; make room, and run the same command"
            )

    def result_paths(self) -> list[Path]:
        """Return the files of results that count."""
        return result_paths(self.path, self.job.first_results)

    def close(self) -> None:
        """Sync the results to disk, and let another run begin."""
        self._file.close()
        self._lock.release()

    def _written(self, outcome: RowOutcome) -> bool:
        try:
            self._file.write(encoded(outcome))
        except OSError as error:
            if error.errno not in FULL:
                raise
            if self._full_since is None:
                self._full_since = time.monotonic()
            return False
        return True


class MemoryJob:
    """A job that is kept in memory alone, with the methods of `JobFolder`."""

    def __init__(self) -> None:
        self.counts = JobCounts()
        self.is_full = False

    @property
    def spent(self) -> Decimal:
        """USD, as far as they are known."""
        return self.counts.spent

    def is_done(self, ordinal: int) -> bool:
        """Return False: each row is asked."""
        del ordinal
        return False

    def add(self, outcome: RowOutcome) -> None:
        """Count an outcome."""
        self.counts.add(outcome)

    def write_waiting(self) -> None:
        """Do nothing, as nothing waits."""

    def close(self) -> None:
        """Do nothing."""


Job = JobFolder | MemoryJob


def open_job(
    path: Path,
    description: JobDescription,
    requests: Requests,
    *,
    restart: bool = False,
    changed: Changed | None = None,
    retry_failed: bool = False,
) -> JobFolder:
    """Open a job, a new one or one that goes on.

    Args:
        path: The folder.
        description: What the job does.
        requests: Returns the requests of all rows, to compare them if something has changed.
        restart: True to start over; what was done is removed.
        changed: What to do with the rows that are done if the description differs: keep all that
            can be told apart, or ask those again whose request differs.
        retry_failed: True to ask all rows again that have failed.

    Raises:
        ConfigurationError: Another run is in progress, or the description differs.
        OSError: The folder can't be used.
    """
    path.mkdir(parents=True, exist_ok=True)
    lock = JobLock(path / "lock")
    try:
        if restart:
            _remove_results(path)
        job = read_job(path)
        if job is None:
            job = JobFile(id=secrets.token_hex(4), description=description)
            write_job(path, job)
        else:
            for each in result_paths(path, job.first_results):
                cut_torn_line(each)
            job = _matched(path, job, description, requests, changed)
        results = JobResults(retry_failed=retry_failed)
        results.replay(result_paths(path, job.first_results))
        return JobFolder(path, job, lock, results)
    except BaseException:
        lock.release()
        raise


def _matched(
    path: Path,
    job: JobFile,
    description: JobDescription,
    requests: Requests,
    changed: Changed | None,
) -> JobFile:
    """Return the job under its new description, with the results that still count.

    Raises:
        ConfigurationError: The description differs, and `changed` does not decide.
    """
    differences = job.description.differences(description)
    if not differences:
        return job
    paths = result_paths(path, job.first_results)
    if changed is None:
        found = counted_changes(paths, requests())
        raise ConfigurationError(
            f"{path} is of another job: {', '.join(differences)} differ"
            f"{'s' if len(differences) == 1 else ''}; {found.same} of its {found.done} rows have "
            "the same request. --changed keep takes the answers that are there, --changed rerun "
            "asks the other rows again, --restart starts over"
        )
    if changed == "keep" and description.inputs == job.description.inputs:
        kept = job
        kept = msgspec.structs.replace(job, description=description)
    else:
        number = _last_number(path) + 1
        spent = JobResults()
        spent.replay(paths)
        fresh = path / f"{results_name(number)}.new"
        with fresh.open("wb") as file:
            by_id = changed == "keep" and description.ids and job.description.ids
            for outcome in results_kept(paths, requests(), by_id=by_id):
                file.write(encoded(outcome))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path / results_name(number))
        before = EXACT.add(Decimal(job.spent_before), spent.counts.spent)
        kept = JobFile(
            id=job.id,
            description=description,
            first_results=number,
            spent_before=str(before),
        )
    write_job(path, kept)
    return kept


def read_job(path: Path) -> JobFile | None:
    """Return the content of a folder's `job.json`; None if it has none.

    Raises:
        ConfigurationError: It can't be read.
    """
    file = path / JOB_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=JobFile)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}; --restart starts over") from None


def write_job(path: Path, job: JobFile) -> None:
    """Replace a folder's `job.json` atomically."""
    fresh = path / f"{JOB_FILE}.new"
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(job)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path / JOB_FILE)


def result_paths(path: Path, first: int) -> list[Path]:
    """Return the files of results in a folder, in order, from this number on."""
    return [each for each in sorted(path.glob(_RESULTS)) if _number(each) >= first]


def results_name(number: int) -> str:
    """Return the name of a file of results."""
    return f"results-{number:04d}.jsonl"


def all_outcomes(path: Path, job: JobFile) -> Iterator[RowOutcome]:
    """Yield the outcomes in a folder, also earlier ones of the same row."""
    for _, outcome in outcomes_in(result_paths(path, job.first_results)):
        yield outcome


def _last_number(path: Path) -> int:
    return max(map(_number, path.glob(_RESULTS)), default=0)


def _number(path: Path) -> int:
    digits = path.name.removeprefix("results-").removesuffix(".jsonl")
    return int(digits) if digits.isdigit() else 0


def _remove_results(path: Path) -> None:
    for each in _removable(path):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _removable(path: Path) -> Sequence[Path]:
    names = (JOB_FILE, "failed.jsonl", "vendor.jsonl", "input.jsonl")
    return [*path.glob(_RESULTS), *(path / name for name in names if (path / name).exists())]
