"""An attempt at a partition: its rows are sent by the engine of one machine, under a lease."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec

from llmring.batch.engine.batch_run import BatchRun
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.engine.row_caller import RowCaller
from llmring.batch.engine.run_parts import Parts
from llmring.batch.engine.spending import cost_account
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.outcome import RowOutcome
from llmring.batch.ray.lease import Lease, take_lease
from llmring.batch.ray.partition import Partition, rows_of_partition
from llmring.batch.ray.partition_journal import PartitionJournal, write_part
from llmring.batch.ray.ray_job import AttemptEnd, PartitionAttempt, RayJob
from llmring.batch.row import RowProblem
from llmring.chat.cost import EXACT
from llmring.pacing.pacer import Pacer
from llmring.routing.call_wishes import CallWishes

# The class of the error of rows whose workers have died again and again.
WORKER_DIED = "WorkerDiedError"


async def run_attempt(job: RayJob, plan: JobPlan, attempt: PartitionAttempt) -> AttemptEnd:
    """Send the rows of a partition that have no outcome, and write the result.

    Args:
        job: The job.
        plan: Its plan, as this worker has made it.
        attempt: The attempt.

    Raises:
        LLMRingError: A model or an option can't be used.
        OSError: The storage can't be used.
    """
    number = attempt.partition.number
    if job.part_path(number).exists():
        return AttemptEnd(is_done=True)
    folder = job.partition_folder(number)
    lease = await asyncio.to_thread(take_lease, folder, attempt.holder, job.times, attempt.dead)
    if lease is None:
        return AttemptEnd(is_leased=True)
    try:
        journal = PartitionJournal(folder, lease.number, attempt.skipped)
        try:
            return await _run(job, plan, attempt, lease, journal)
        finally:
            journal.close()
    finally:
        await asyncio.to_thread(lease.end)


async def _run(
    job: RayJob, plan: JobPlan, attempt: PartitionAttempt, lease: Lease, journal: PartitionJournal
) -> AttemptEnd:
    run = _new_run(job, plan, attempt, journal)
    loop = asyncio.get_running_loop()
    lost = StopReason("left", "another worker has the partition, or the job was stopped")
    lease.keep(lambda: loop.call_soon_threadsafe(run.stop, lost), job.stop_path.exists)
    report = await run.run()
    if report.stopped is not None:
        return AttemptEnd(spent=journal.spent, cause=report.stopped, message=report.message)
    if not lease.is_ours:
        return AttemptEnd(is_leased=True)
    write_part(job.part_path(attempt.partition.number), list(journal.outcomes()))
    return AttemptEnd(is_done=True, spent=journal.spent)


def _new_run(
    job: RayJob, plan: JobPlan, attempt: PartitionAttempt, journal: PartitionJournal
) -> BatchRun:
    settings = plan.settings
    pacer = Pacer(settings.concurrency, spills=settings.on_limit == "spill")
    wishes = CallWishes(patience=pacer)
    most = attempt.max_cost
    if most is not None:
        account = cost_account(job.id, attempt.holder, most, Decimal(0))
        wishes = CallWishes(patience=pacer, accounts=(account,))
        # The engine counts what the partition has cost before.
        most = EXACT.add(most, journal.spent)
    return BatchRun(
        Parts(
            id=job.id,
            calls=plan.calls,
            caller=RowCaller(
                plan.calls,
                settings.profile,
                wishes,
                {"batch": job.id},
                cache_system=settings.cache_system,
            ),
            rows=rows_of_partition(attempt.partition, plan.source, job.id_column),
            build=plan.builder.build,
            total=attempt.partition.rows,
            journal=journal,
            pace=pacer,
        ),
        msgspec.structs.replace(settings, max_cost=most),
    )


def fail_rest(job: RayJob, plan: JobPlan, attempt: PartitionAttempt, deaths: int) -> bool:
    """Fail the rows of a partition that have no outcome; return False if a worker has it.

    Args:
        job: The job.
        plan: Its plan.
        attempt: The attempt that does it.
        deaths: How many workers have died.

    Raises:
        OSError: The storage can't be used.
    """
    partition = attempt.partition
    folder = job.partition_folder(partition.number)
    lease = take_lease(folder, attempt.holder, job.times, attempt.dead)
    if lease is None:
        return False
    journal = PartitionJournal(folder, lease.number, attempt.skipped)
    try:
        message = _death_message(partition, deaths)
        for row in rows_of_partition(partition, plan.source, job.id_column):
            request = plan.builder.build(row)
            ordinal = request.row.ordinal
            if not journal.is_done(ordinal):
                reason = request.reason if isinstance(request, RowProblem) else message
                journal.add(
                    RowOutcome(
                        id=request.row.id,
                        ordinal=ordinal,
                        digest=request.digest,
                        status="failed",
                        error=reason,
                        error_class=WORKER_DIED,
                        passing=True,
                    )
                )
        write_part(job.part_path(partition.number), list(journal.outcomes()))
    finally:
        journal.close()
        lease.end()
    return True


def _death_message(partition: Partition, deaths: int) -> str:
    first, after = partition.ordinals
    return (
        f"{deaths} workers died while they had rows {first:,} to {after - 1:,}; look into Ray's "
        "logs for the reason, such as too little memory, and run the command with --retry-failed"
    )
