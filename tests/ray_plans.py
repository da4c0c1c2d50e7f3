"""Plans of jobs for workers of Ray, which import this module, and what they need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from llmring import LLMRing
from llmring.batch.carried_lockfile import CarriedLockfile
from llmring.batch.engine.batch_settings import BatchSettings
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.input.input_file import input_files
from llmring.batch.input.open_rows import open_rows
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.template import Template
from llmring.batch.outcome import RowOutcome
from llmring.batch.ray.cluster import connected
from llmring.batch.ray.lease import LeaseTimes
from llmring.batch.ray.partition import file_partitions
from llmring.batch.ray.ray_job import RayJob
from llmring.batch.ray.ray_run import RayRun
from llmring.batch.ray.worker_pool import WorkerPool
from llmring.batch.row import InputRow
from llmring.client.batches.ring_batch_calls import RingBatchCalls

MODEL = "openai:gpt-4o-mini"
QUICK = LeaseTimes(heartbeat=0.3, expiry=2.0, look=0.1)


class DeadlyBuilder(RequestBuilder):
    """Kills its process when it meets a row with the text "poison"."""

    def build(self, row: Any) -> Any:
        values = row.values if isinstance(row, InputRow) else {}
        if values.get("text") == "poison" and os.environ.get("DRIVER") != str(os.getpid()):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().build(row)


def open_plan(source: str, settings: BatchSettings, lockfile: Path) -> JobPlan:
    """Open a plan that asks the text of each row."""
    return JobPlan(
        calls=RingBatchCalls(LLMRing(lockfile)),
        source=open_rows(source),
        builder=DeadlyBuilder(MODEL, prompt=Template("{text}"), options={"max_tokens": 20}),
        settings=settings,
    )


class Results:
    """The outcomes of a job, in memory."""

    def __init__(self) -> None:
        self.outcomes: dict[int, RowOutcome] = {}

    def keep(self, outcome: RowOutcome) -> None:
        self.outcomes[outcome.ordinal] = outcome

    def is_done(self, ordinal: int) -> bool:
        return ordinal in self.outcomes

    def spent(self) -> Decimal:
        return sum((each.cost or Decimal(0) for each in self.outcomes.values()), Decimal(0))

    @property
    def texts(self) -> list[str | None]:
        return [self.outcomes[ordinal].text for ordinal in sorted(self.outcomes)]


def ray_job(
    folder: Path, source: Path, *, concurrency: int = 8, max_cost: Decimal | None = None
) -> RayJob:
    """Return a job over a file of lines."""
    settings = BatchSettings(
        alias=MODEL, concurrency=concurrency, max_cost=max_cost, allow_unknown_cost=True
    )
    return RayJob(
        id="test",
        folder=folder,
        lockfile=CarriedLockfile('version = "1.0"\nname = "test"\n'),
        open_plan=partial(open_plan, str(source), settings),
        times=QUICK,
    )


@contextmanager
def ray_run(
    job: RayJob, source: Path, results: Results, *, rows: int, workers: int = 2
) -> Iterator[tuple[RayRun, WorkerPool]]:
    """Prepare a run of a job."""
    os.environ["DRIVER"] = str(os.getpid())
    plan = job.open_plan(job.lockfile.put())
    with connected(None, workers) as ray:
        pool = WorkerPool(ray, job, workers, cpus=0.5)
        try:
            partitions = file_partitions(input_files([source]), rows)
            yield (
                RayRun(job, plan, partitions, pool, results.keep, results.is_done, results.spent),
                pool,
            )
        finally:
            pool.close()


def run_job(
    job: RayJob, source: Path, *, rows: int, workers: int = 2
) -> tuple[Results, StopReason | None]:
    """Run a job to its end."""
    results = Results()
    with ray_run(job, source, results, rows=rows, workers=workers) as (run, _):
        stop = run.run()
    return results, stop
