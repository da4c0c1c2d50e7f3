"""One run of `llmring batch`: signals, progress, output, summary."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.batch.engine.job_options import JobOptions, plan_of
from llmring.batch.engine.job_plan import JobPlan, OpenJob
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.output.output_columns import PREFIX, OutputColumns, schema_columns
from llmring.batch.output.row_writers import format_of, require_writable
from llmring.batch.output.write_output import write_failed, write_output
from llmring.cli.batch.batch_progress import progress_shown
from llmring.cli.batch.batch_summary import print_summary
from llmring.cli.batch.run_signals import stopped_by_signals
from llmring.cli.batch.stdout_rows import StdoutRows
from llmring.cli.output import print_error
from llmring.client.batches.ring_batch_calls import RingBatchCalls
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.client.ring import LLMRing


def run_batch(args: argparse.Namespace, ring: LLMRing, options: JobOptions) -> int:
    """Run a job, write its output, print its summary, and return the exit code.

    Raises:
        LLMRingError: The job can't begin.
    """
    output = None if args.output in (None, "-") else Path(args.output)
    try:
        plan = plan_of(options, RingBatchCalls(ring))
        columns = _columns(args, plan)
        if output is not None:
            # Before anything is paid for.
            require_writable(output, args.output_format or format_of(output.name))
    except ValidationError as error:
        print_error(str(error))
        return 2
    if args.mode is not None:
        from llmring.cli.batch.vendor_command import run_at_vendor

        assert output is not None  # noqa: S101 -- the options are checked
        path = output
        return run_at_vendor(
            args, ring, plan, options, lambda job: _write(args, job, columns, path)
        )
    if args.engine is not None:
        from llmring.cli.batch.ray_command import run_with_ray

        assert output is not None  # noqa: S101 -- the options are checked
        path = output
        return run_with_ray(args, plan, options, lambda job: _write(args, job, columns, path))
    job = OpenJob(plan)
    try:
        shown = StdoutRows(columns, args.output_format) if output is None else None
        report = asyncio.run(_run(args, ring, job, shown))
        if output is not None:
            _write(args, job, columns, output)
        elif job.folder is not None:
            _write_failed(job)
    finally:
        job.close()
    print_summary(report, job, sys.argv[1:])
    return report.exit_code


async def _run(
    args: argparse.Namespace, ring: LLMRing, job: OpenJob, shown: StdoutRows | None
) -> BatchReport:
    run = job.run(None if shown is None else shown.write)
    if shown is not None:
        shown.on_end = run.stop
    async with ring:
        with stopped_by_signals(run):
            async with progress_shown(run, args.progress):
                return await run.run()


def _columns(args: argparse.Namespace, plan: JobPlan) -> OutputColumns:
    chosen = None
    if args.columns is not None:
        chosen = [name for each in args.columns.split(",") if (name := each.strip())]
    schema = None if plan.schema is None else plan.schema.format.schema
    return OutputColumns(
        plan.source.columns,
        None if schema is None else schema_columns(schema),
        chosen,
        PREFIX if args.prefix is None else args.prefix,
        dedupes=plan.settings.dedupe,
    )


def _write(args: argparse.Namespace, job: OpenJob, columns: OutputColumns, output: Path) -> None:
    """Write the output and the failed rows from the folder of the job."""
    if job.folder is None:
        return
    if not job.plan.source.is_repeatable:
        raise ValidationError(
            f"the input can't be read again for {output}; export the answers from {job.folder.path}"
        )
    write_output(output, job.plan.source, job.folder.result_paths(), columns, args.output_format)
    _write_failed(job)


def _write_failed(job: OpenJob) -> None:
    if job.folder is not None and job.plan.source.is_repeatable:
        write_failed(job.folder.path, job.plan.source, job.folder.result_paths())
