"""A worker: an actor of Ray that runs one attempt after the other."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.ray.partition_run import run_attempt
from llmring.batch.ray.ray_job import AttemptEnd, PartitionAttempt, RayJob
from llmring.bridge import portal


class RayWorker:
    """A worker; its keys come from the environment of its process.

    Args:
        job: The job.
    """

    def __init__(self, job: RayJob) -> None:
        self._job = job
        self._plan: JobPlan | None = None

    def place(self) -> tuple[str, int]:
        """Return the host and the process of this worker."""
        return socket.gethostname(), os.getpid()

    def sees(self, probe: Path, content: str) -> bool:
        """Return True if this worker can read a file that the driver has written."""
        try:
            return probe.read_text(encoding="utf-8") == content
        except OSError:
            return False

    def run(self, attempt: PartitionAttempt) -> AttemptEnd:
        """Run an attempt; errors as for `run_attempt`."""
        if self._plan is None:
            self._plan = self._job.open_plan(self._job.lockfile.put())
        return portal.run(run_attempt(self._job, self._plan, attempt))
