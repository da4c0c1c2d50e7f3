"""The door to many machines: a job's rows are asked by the workers of Ray."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from llmring.batch.carried_lockfile import CarriedLockfile
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.input.input_file import InputFile
from llmring.batch.ray.cluster import connected
from llmring.batch.ray.partition import (
    ROWS,
    Partition,
    file_partitions,
    has_spans,
    source_partitions,
)
from llmring.batch.ray.ray_job import OpenPlan, RayJob
from llmring.batch.ray.ray_run import RayRun
from llmring.batch.ray.shares import share_limits
from llmring.batch.ray.worker_pool import WorkerPool
from llmring.config.settings import read_settings

if TYPE_CHECKING:
    from llmring.batch.journal.job_folder import JobFolder


class RayOptions(Struct, frozen=True, kw_only=True):
    """The options of a run on many machines.

    Attributes:
        address: The address of the cluster; None for a local one, or for RAY_ADDRESS.
        workers: The number of workers.
        partition_rows: The most rows of a partition.
    """

    address: str | None = None
    workers: int = 2
    partition_rows: int = ROWS


def run_on_ray(
    folder: JobFolder,
    plan: JobPlan,
    open_plan: OpenPlan,
    lockfile: CarriedLockfile,
    options: RayOptions,
    *,
    files: Sequence[InputFile] = (),
    id_column: str | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> StopReason | None:
    """Ask all rows of a job that are not done; return the reason if it stops early.

    The outcomes are added to the job's own folder, which must be on storage that all workers share.

    Args:
        folder: The folder of the job, open.
        plan: The plan of the job.
        open_plan: Makes the same plan in a worker. It is pickled, so it must hold no keys.
        lockfile: The lockfile.
        options: The options.
        files: The files of the input, if all of their rows are chosen.
        id_column: The column that holds the rows' IDs.
        say: Called with what the user must know.

    Raises:
        ConfigurationError: Ray can't be used, or a worker does not see the folder.
        Exception: What an attempt has raised.
    """
    job = RayJob(
        id=folder.job.id,
        folder=_parts_folder(folder, plan, options.partition_rows),
        lockfile=_shared(lockfile, options.workers, say),
        open_plan=open_plan,
        id_column=id_column,
    )
    partitions: Iterable[Partition]
    if files and has_spans(files):
        partitions = file_partitions(files, options.partition_rows)
    else:
        partitions = source_partitions(plan.source, options.partition_rows)
    with connected(options.address, options.workers) as ray:
        pool = WorkerPool(ray, job, options.workers)
        try:
            return RayRun(
                job, plan, partitions, pool, folder.add, folder.is_done, lambda: folder.spent
            ).run()
        finally:
            pool.close()


def _parts_folder(folder: JobFolder, plan: JobPlan, rows: int) -> Path:
    # With other sizes, the same number would be another partition.
    name = f"parts-{folder.job.id}-{folder.job.first_results}-{rows}"
    if plan.retry_failed:
        # Without the failures of the earlier run.
        name += f"-{secrets.token_hex(4)}"
    return folder.path.absolute() / name


def _shared(
    lockfile: CarriedLockfile, workers: int, say: Callable[[str], object]
) -> CarriedLockfile:
    """Return each worker's lockfile: whole if a server counts for all, else with its share."""
    if read_settings().redis_url is not None:
        return lockfile
    text, divided = share_limits(lockfile.text, workers)
    if divided:
        say(
            f"each of the {workers} workers gets an equal share of {', '.join(divided)}; set "
            "LLMRING_REDIS_URL to count them together"
        )
    return msgspec.structs.replace(lockfile, text=text)
