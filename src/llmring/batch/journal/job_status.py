"""The state of a job, read from its folder at any time."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from llmring.batch.journal.job_file import LOCK_FILE, is_of_run, read_job, result_paths
from llmring.batch.journal.job_lock import holder_of
from llmring.batch.journal.job_results import JobResults
from llmring.chat.cost import EXACT
from llmring.exceptions import ConfigurationError


class JobStatus(Struct, frozen=True, kw_only=True):
    """The state of a job.

    Attributes:
        id: The job's ID.
        parts: The parts of its requests, such as the alias and the prompt, or their digests.
        inputs: The names of its inputs.
        running: The process that runs it, such as "process 71 on ada"; None if none does.
        runs: The number of runs with results since it was changed.
        ok: Rows with an answer.
        failed: Rows that have failed, and whose request would fail again.
        to_retry: Rows that have failed, and are asked again by the next run.
        spent: USD of all runs, as far as known.
        unknown_costs: Requests whose cost is unknown.
        tokens_in: Tokens of prompts.
        tokens_out: Tokens of answers.
        tokens_cached: Tokens of prompts that were read from a vendor's cache.
        models: Rows with an answer, by the model that gave it.
        error_classes: Rows that have failed, by the class of the error.
        changed: When the results have last changed, in seconds since 1970; None without results.
    """

    id: str
    parts: dict[str, str]
    inputs: list[str]
    running: str | None
    runs: int
    ok: int
    failed: int
    to_retry: int
    spent: Decimal
    unknown_costs: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    models: dict[str, int]
    error_classes: dict[str, int]
    changed: float | None


def job_status(path: Path) -> JobStatus:
    """Return the state of a job, while it runs or after.

    Raises:
        ConfigurationError: The folder is not that of a job.
    """
    job = read_job(path)
    if job is None:
        raise ConfigurationError(
            f"{path} is not the folder of a job, as it has no job.json; give the folder that "
            "`llmring batch` has made, such as OUT.llmring"
        )
    paths = result_paths(path, job)
    results = JobResults()
    to_retry = results.replay(paths, forgets=False)
    counts = results.counts
    return JobStatus(
        id=job.id,
        parts=dict(job.description.parts),
        inputs=[each.name for each in job.description.inputs],
        running=holder_of(path / LOCK_FILE),
        runs=sum(is_of_run(each) for each in paths),
        ok=counts.ok,
        failed=counts.failed - to_retry,
        to_retry=to_retry,
        spent=EXACT.add(Decimal(job.spent_before), counts.spent),
        unknown_costs=counts.unknown_costs + job.unknown_before,
        tokens_in=counts.tokens_in,
        tokens_out=counts.tokens_out,
        tokens_cached=counts.tokens_cached,
        models=dict(counts.models),
        error_classes=dict(counts.error_classes),
        changed=max((each.stat().st_mtime for each in paths), default=None),
    )
