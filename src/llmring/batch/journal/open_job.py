"""Opening of jobs: a new one, one that goes on, or one that was changed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmring.batch.journal.changed_job import (
    ChangeCounts,
    Match,
    asks_the_same,
    counted_changes,
    results_kept,
)
from llmring.batch.journal.job_description import JobDescription, JobFile
from llmring.batch.journal.job_file import (
    FAILED_FILE,
    LOCK_FILE,
    files_of_job,
    has_results,
    kept_name,
    next_number,
    read_job,
    result_paths,
    write_job,
)
from llmring.batch.journal.job_folder import JobFolder
from llmring.batch.journal.job_lock import JobLock
from llmring.batch.journal.job_results import JobResults
from llmring.batch.journal.journal_file import cut_torn_line, sync_folder
from llmring.batch.journal.outcome_lines import encoded
from llmring.batch.row import RowProblem, RowRequest
from llmring.chat.cost import EXACT
from llmring.exceptions import ConfigurationError

Changed = Literal["keep", "rerun"]
Requests = Callable[[], Iterator[RowRequest | RowProblem]]

_INPUT = "the input"


def open_job(
    path: Path,
    description: JobDescription,
    requests: Requests | None,
    *,
    restart: bool = False,
    changed: Changed | None = None,
    retry_failed: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> JobFolder:
    """Open a job, a new one or one that goes on.

    Args:
        path: The folder.
        description: What the job does.
        requests: Returns the requests of all rows, to compare them if something has changed, or if
            the content of the input is not known; None if the input can be read only once.
        restart: True to begin again; what was done is removed.
        changed: What to do with the rows that are done if the description differs. "keep" keeps
            the answers of all rows that are still there, known by their IDs, or by their places if
            the input is the same; "rerun" keeps those to the same requests alone.
        retry_failed: True to ask all rows again that have failed; False to ask those that may
            succeed later.
        settings: Plain values to keep in `job.json`; None to leave those that are there.

    Raises:
        ConfigurationError: Another run is in progress, or the description differs.
        OSError: The folder can't be used.
    """
    path.mkdir(parents=True, exist_ok=True)
    lock = JobLock(path / LOCK_FILE)
    try:
        if restart:
            for each in files_of_job(path):
                each.unlink()
        job = read_job(path)
        if job is None:
            job = _new_job(path, description, dict(settings or {}))
        else:
            for each in result_paths(path, job):
                cut_torn_line(each)
            job = _matched(path, job, description, requests, changed)
            if settings is not None and job.settings != settings:
                job = msgspec.structs.replace(job, settings=dict(settings))
                write_job(path, job)
        results = JobResults(retry_failed=retry_failed)
        results.counts.unknown_costs = job.unknown_before
        results.replay(result_paths(path, job))
        # Made again from the results at the end of each run; a row that succeeds is not to be found
        # in it before.
        (path / FAILED_FILE).unlink(missing_ok=True)
        return JobFolder(path, job, lock, results)
    except BaseException:
        lock.release()
        raise


def _new_job(path: Path, description: JobDescription, settings: dict[str, Any]) -> JobFile:
    if has_results(path):
        raise ConfigurationError(
            f"{path} has results, but its job.json is missing; put it back, or begin again with "
            "--restart"
        )
    job = JobFile(id=secrets.token_hex(4), description=description, settings=settings)
    write_job(path, job)
    return job


def _matched(
    path: Path,
    job: JobFile,
    description: JobDescription,
    requests: Requests | None,
    changed: Changed | None,
) -> JobFile:
    """Return the job under its new description, with the results that still count.

    Raises:
        ConfigurationError: The description or a row differs, and `changed` does not decide.
    """
    differences = job.description.differences(description)
    paths = result_paths(path, job)
    if not paths:
        return _described(path, job, description)
    is_known = description.knows_input and job.description.knows_input
    if is_known and not differences:
        return job
    if requests is None:
        raise ConfigurationError(
            f"{path}: the input can be read only once, so that its rows can't be compared with "
            "those that are done; write it to a file, or begin again with --restart"
        )
    if not differences:
        if asks_the_same(paths, requests()):
            return job
        differences.append(_INPUT)
    if changed is None:
        raise _refusal(path, differences, counted_changes(paths, requests()))
    match: Match = "digest"
    if changed == "keep":
        if is_known and _INPUT not in differences:
            match = "place"
        elif description.ids and job.description.ids:
            match = "id"
    return _changed(path, job, description, requests, match)


def _described(path: Path, job: JobFile, description: JobDescription) -> JobFile:
    if job.description != description:
        job = msgspec.structs.replace(job, description=description)
        write_job(path, job)
    return job


def _refusal(path: Path, differences: list[str], found: ChangeCounts) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is of another job: {_joined(differences)}; of its {found.done} answers, "
        f"{found.other} are to requests that are no longer asked. --changed rerun asks the rows "
        "again whose request is another, --changed keep takes the answers of all rows that are "
        "still there, --restart begins again"
    )


def _joined(differences: list[str]) -> str:
    return f"{', '.join(differences)} differ{'s' if len(differences) == 1 else ''}"


def _changed(
    path: Path, job: JobFile, description: JobDescription, requests: Requests, match: Match
) -> JobFile:
    """Write the answers that are kept, then the description under which they count.

    Until `job.json` is replaced, the job is as before, and the file of answers does not count.
    """
    paths = result_paths(path, job)
    number = next_number(path)
    before, kept = JobResults(), JobResults()
    before.replay(paths)
    fresh = path / kept_name(number)
    with fresh.open("wb") as file:
        for outcome in results_kept(paths, requests(), match):
            file.write(encoded(outcome))
            kept.take(outcome)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path)
    spent = EXACT.subtract(before.counts.spent, kept.counts.spent)
    job = JobFile(
        id=job.id,
        description=description,
        first_results=number,
        spent_before=str(EXACT.add(Decimal(job.spent_before), spent)),
        unknown_before=job.unknown_before + before.counts.unknown_costs - kept.counts.unknown_costs,
        settings=job.settings,
    )
    write_job(path, job)
    return job
