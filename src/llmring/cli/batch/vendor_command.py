"""Batches at a vendor's batch API: a run, a look, and a cancellation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from llmring.batch.engine.job_options import JobOptions, plan_of
from llmring.batch.engine.job_plan import JobPlan, OpenJob
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.journal.job_file import read_job
from llmring.batch.vendors.vendor_batch import LivePrice, VendorBatch, status_words
from llmring.batch.vendors.vendor_clock import SystemClock, VendorClock
from llmring.batch.vendors.vendor_plan import (
    is_at_vendor,
    kept_options,
    progress_in,
    require_same,
    vendor_plan,
)
from llmring.batch.vendors.vendor_run import VendorOptions
from llmring.cli.batch.batch_progress import progress_shown
from llmring.cli.batch.batch_summary import print_summary, summary_lines
from llmring.cli.batch.run_signals import stopped_by_signals
from llmring.cli.confirmation import is_yes
from llmring.cli.output import is_terminal, print_error, print_note, print_warning
from llmring.client.batches.ring_batch_calls import RingBatchCalls
from llmring.exceptions import ConfigurationError, ValidationError
from llmring.registry.price import dollars

if TYPE_CHECKING:
    from llmring.batch.vendors.vendor_status import VendorStatus
    from llmring.client.ring import LLMRing


def run_at_vendor(
    args: argparse.Namespace,
    ring: LLMRing,
    plan: JobPlan,
    options: JobOptions,
    write: Callable[[OpenJob], None],
    clock: VendorClock | None = None,
) -> int:
    """Run a job at a vendor, write its output, and return the exit code.

    Args:
        args: The arguments of the command.
        ring: The ring.
        plan: The plan of the job.
        options: The options that it was made of.
        write: Writes the output.
        clock: The clock.

    Raises:
        LLMRingError: The job can't begin, or go on; what is done is kept.
    """
    clock = clock or SystemClock()
    try:
        plan = vendor_plan(plan, options)
    except ValidationError as error:
        print_error(str(error))
        return 2
    return asyncio.run(_run(args, ring, plan, write, clock))


async def _run(
    args: argparse.Namespace,
    ring: LLMRing,
    plan: JobPlan,
    write: Callable[[OpenJob], None],
    clock: VendorClock,
) -> int:
    folder = plan.folder
    assert folder is not None  # noqa: S101 -- the plan is checked
    async with ring:
        if is_at_vendor(folder):
            if plan.restart:
                await _abandon(plan, folder, clock)
            elif plan.description is not None:
                require_same(folder, plan.description, progress_in(folder, clock))
        job = OpenJob(plan)
        try:
            chosen = VendorOptions(
                then=args.then or "live",
                keep_files=args.keep_files,
                resubmit=args.resubmit,
                asks_rest=plan.retry_failed or plan.changed is not None,
            )
            report = await _acted(args, VendorBatch(job, chosen, _asks_live(args), clock))
            if report is None:
                return 0
            write(job)
        finally:
            job.close()
    print_summary(report, job, sys.argv[1:])
    return report.exit_code


async def _acted(args: argparse.Namespace, batch: VendorBatch) -> BatchReport | None:
    """Send the batches, or run them to their end; return the report if there is one."""
    try:
        with stopped_by_signals(batch, "stopping; the batches at the vendor go on"):
            if not args.no_wait:
                async with progress_shown(batch, args.progress):
                    return await batch.run()
            report = await batch.send()
            if report.stopped is not None:
                return report
            print_note(f"sent to the vendor: {status_words(batch.status)}")
            print_note("the same command without --no-wait fetches the answers")
            return None
    finally:
        _warn(batch.status)
        batch.close()


async def _abandon(plan: JobPlan, folder: Path, clock: VendorClock) -> None:
    job = _open_as_before(plan, folder)
    try:
        batch = VendorBatch(job, VendorOptions(), lambda _: False, clock)
        try:
            await batch.abandon()
        finally:
            batch.close()
    finally:
        job.close()


def cancel_at_vendor(folder: Path, ring: LLMRing, clock: VendorClock | None = None) -> int:
    """Cancel the batches of a job, keep what they did, and return the exit code.

    Raises:
        LLMRingError: The vendor can't be asked.
    """

    async def cancelled() -> BatchReport:
        async with ring:
            job = _open_as_before(_kept_plan(folder, ring), folder)
            try:
                batch = VendorBatch(job, VendorOptions(), lambda _: False, clock)
                try:
                    print_note("waiting for the vendor's batches to end")
                    report = await batch.cancel()
                    _warn(batch.status)
                    return report
                finally:
                    batch.close()
            finally:
                job.close()

    for line in summary_lines(asyncio.run(cancelled())):
        print_note(line)
    print_note(f"the answers are in {folder}; `llmring batch export` writes them to a file")
    return 0


def look_at_vendor(folder: Path, ring: LLMRing, clock: VendorClock | None = None) -> VendorStatus:
    """Look once at the batches of a job that no process runs, and return their state.

    Raises:
        LLMRingError: The vendor can't be asked.
    """
    from llmring.batch.journal.job_file import LOCK_FILE
    from llmring.batch.journal.job_lock import JobLock
    from llmring.batch.vendors.choice import first_with_batches
    from llmring.batch.vendors.vendor_run import VendorRun

    async def looked() -> VendorStatus:
        async with ring:
            calls, kept = RingBatchCalls(ring), _settings(folder)["request"]
            target = first_with_batches(calls.models(kept["alias"], kept["profile"]))
            lock = JobLock(folder / LOCK_FILE)
            try:
                run = VendorRun(calls, target, (), folder, clock=clock)
                try:
                    return await run.poll(sends=False)
                finally:
                    run.close()
            finally:
                lock.release()

    return asyncio.run(looked())


def vendor_lines(status: VendorStatus) -> list[str]:
    """Return the state of a job at its vendor as lines."""
    counted = f"{status.succeeded} of {status.rows} requests answered, {status.failed} failed"
    lines = [f"at the vendor: {status_words(status)}", f"  {counted}"]
    if status.is_cancelled:
        lines.append("  cancelled")
    return [*lines, *(f"  {each}" for each in (*status.unreachable, *status.warnings))]


def _open_as_before(plan: JobPlan, folder: Path) -> OpenJob:
    """Open a job by its own description, whatever the plan is."""
    job = read_job(folder)
    description = plan.description if job is None else job.description
    return OpenJob(
        replace(
            plan,
            folder=folder,
            description=description,
            restart=False,
            changed=None,
            retry_failed=False,
            kept=None,
        )
    )


def _kept_plan(folder: Path, ring: LLMRing) -> JobPlan:
    return plan_of(kept_options(folder, _settings(folder)), RingBatchCalls(ring))


def _settings(folder: Path) -> dict[str, Any]:
    job = read_job(folder)
    if job is None or "request" not in job.settings:
        raise ConfigurationError(f"{folder} is not the folder of a job at a vendor")
    return job.settings


def _asks_live(args: argparse.Namespace) -> Callable[[LivePrice], bool]:
    """Return the question whether rows may be asked live."""

    def may_ask(price: LivePrice) -> bool:
        cost = "an unknown amount" if price.usd is None else f"about {dollars(price.usd)}"
        print_note(f"the vendor has left rows unanswered; asking them live costs {cost}")
        if price.is_within or args.yes:
            return True
        left = f"{dollars(price.left)} of --max-cost are left" if price.left is not None else ""
        if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
            print_note(f"{left}; confirm with --yes to ask as many as that pays for")
            return False
        print_note(f"{left}. Ask as many as that pays for? [y/N]")
        return is_yes(sys.stdin.readline())

    return may_ask


def _warn(status: VendorStatus) -> None:
    for each in (*status.unreachable, *status.warnings):
        print_warning(each)
