"""The files of a job's folder: `job.json`, and the results that count."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from llmring.batch.journal.job_description import JobFile
from llmring.batch.journal.journal_file import sync_folder
from llmring.exceptions import ConfigurationError

JOB_FILE = "job.json"
LOCK_FILE = "lock"
FAILED_FILE = "failed.jsonl"
_RESULTS = "results-*.jsonl"
_KEPT = "kept-*.jsonl"
_VERSION = 1


def read_job(path: Path) -> JobFile | None:
    """Return the content of a folder's `job.json`; None if it has none.

    Raises:
        ConfigurationError: It can't be read.
    """
    file = path / JOB_FILE
    try:
        job = msgspec.json.decode(file.read_bytes(), type=JobFile)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}; --restart begins again") from None
    if job.version > _VERSION:
        raise ConfigurationError(
            f"{file} has format {job.version}, which this version of llmring can't read; "
            "update llmring"
        )
    return job


def write_job(path: Path, job: JobFile) -> None:
    """Replace a folder's `job.json` atomically.

    Raises:
        OSError: It can't be written; the one before is as it was.
    """
    fresh = path / f"{JOB_FILE}.new"
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(job)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path / JOB_FILE)
    sync_folder(path)


def result_paths(path: Path, job: JobFile) -> list[Path]:
    """Return the files of results that count, in order.

    The answers that were kept when the job was changed come first, then those of each run since.
    """
    kept = path / kept_name(job.first_results)
    found = sorted((number, each) for each, number in _numbered(path, _RESULTS))
    runs = [each for number, each in found if number >= job.first_results]
    return [kept, *runs] if kept.exists() else runs


def results_name(number: int) -> str:
    """Return the name of the file of results of a run."""
    return f"results-{number:04d}.jsonl"


def kept_name(number: int) -> str:
    """Return the name of the answers that were kept before the run of this number."""
    return f"kept-{number:04d}.jsonl"


def next_number(path: Path) -> int:
    """Return the number of the next run."""
    return max((number for _, number in _numbered(path, _RESULTS)), default=0) + 1


def files_of_job(path: Path) -> list[Path]:
    """Return all files of a job that `--restart` removes, with `job.json` last.

    Results without it are an error, so that a restart that was killed is not taken for a job.
    """
    names = (FAILED_FILE, "vendor.jsonl", "input.jsonl", JOB_FILE)
    every = [path / name for name in names]
    found = [*path.glob(_RESULTS), *path.glob(_KEPT)]
    return [*found, *(each for each in every if each.exists())]


def has_results(path: Path) -> bool:
    """Return True if a folder has files of results."""
    return any(path.glob(_RESULTS))


def is_of_run(path: Path) -> bool:
    """Return True if a file of results is that of a run, and not of answers that were kept."""
    return path.match(_RESULTS)


def _numbered(path: Path, pattern: str) -> list[tuple[Path, int]]:
    found = []
    for each in path.glob(pattern):
        digits = each.stem.rpartition("-")[2]
        if digits.isdigit():
            found.append((each, int(digits)))
    return found
