"""Batches on the workers of a Ray cluster: `llmring batch --engine ray`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from llmring.batch.carried_lockfile import carry_lockfile
from llmring.batch.engine.job_options import JobOptions
from llmring.batch.engine.job_plan import JobPlan, OpenJob
from llmring.batch.engine.stop_reason import StopReason, exit_code
from llmring.batch.input.input_file import input_files
from llmring.batch.journal.job_counts import JobCounts
from llmring.batch.ray.run_on_ray import RayOptions, run_on_ray
from llmring.cli.output import print_note, print_warning
from llmring.client.batches.worker_plan import worker_plan
from llmring.registry.price import dollars

if TYPE_CHECKING:
    from decimal import Decimal


def run_with_ray(
    args: argparse.Namespace,
    plan: JobPlan,
    options: JobOptions,
    write: Callable[[OpenJob], None],
) -> int:
    """Run a job on Ray, write its output, and return the exit code.

    Args:
        args: The arguments of the command.
        plan: The plan of the job.
        options: The options that it was made of.
        write: Writes the output.

    Raises:
        LLMRingError: The job can't begin, or go on; what is done is kept.
    """
    chosen = (options.skip, options.limit, options.sample)
    files = input_files(options.rows, options.format) if chosen == (0, None, None) else []
    inputs = [str(Path(each).absolute()) for each in options.rows]
    shipped = msgspec.structs.replace(options, rows=inputs, job=None, restart=False, changed=None)
    job = OpenJob(plan)
    try:
        if job.folder is None:
            raise ValueError("a batch on Ray has a folder")
        stop = run_on_ray(
            job.folder,
            plan,
            partial(worker_plan, shipped),
            carry_lockfile(args.file),
            RayOptions(address=args.ray_address, workers=args.workers),
            files=files,
            id_column=options.id_column,
            say=print_note,
        )
        write(job)
        counts, spent = job.folder.counts, job.folder.spent
    finally:
        job.close()
    _print_summary(stop, counts, spent)
    return exit_code(stop, counts.failed)


def _print_summary(stop: StopReason | None, counts: JobCounts, spent: Decimal) -> None:
    if stop is not None:
        print_warning(f"stopped: {stop.message}")
    print_note(f"{counts.ok} rows ok, {counts.failed} failed")
    for name, count in counts.error_classes.most_common():
        if count:
            print_note(f"  {name}: {count}")
    unknown = counts.unknown_costs
    cost = "unknown" if unknown and not spent else dollars(spent)
    more = f" ({unknown} requests of unknown cost)" if unknown else ""
    print_note(f"cost {cost}{more}")
