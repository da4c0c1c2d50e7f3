"""The plan of a batch in the process of a worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmring.batch.engine.job_options import JobOptions
    from llmring.batch.engine.job_plan import JobPlan


def worker_plan(options: JobOptions, lockfile: Path) -> JobPlan:
    """Make the plan of a job, with a ring that reads its keys from this process's environment.

    Args:
        options: The options of the job; they name all files by absolute paths.
        lockfile: The lockfile.

    Raises:
        LLMRingError: The job can't be opened here, such as for a file that this machine lacks.
    """
    import llmring
    from llmring.batch.engine.job_options import plan_of
    from llmring.client.batches.ring_batch_calls import RingBatchCalls

    return plan_of(options, RingBatchCalls(llmring.LLMRing(lockfile)))
