"""The report and the progress of a run, made of its totals."""

from __future__ import annotations

from decimal import Decimal

from llmring.batch.engine.journal import Pace
from llmring.batch.engine.progress import BatchProgress, ModelPace
from llmring.batch.engine.report import BatchReport
from llmring.batch.engine.settings import BatchSettings
from llmring.batch.engine.stop_reason import StopReason, exit_code
from llmring.batch.engine.totals import Totals


def report_of(
    id_: str,
    totals: Totals,
    *,
    total: int | None,
    spent: Decimal,
    seconds: float,
    stopped: StopReason | None,
) -> BatchReport:
    """Return the report on a run.

    Args:
        id_: The ID of the job.
        totals: The totals of the run.
        total: The number of rows, if it is known.
        spent: USD for all runs.
        seconds: How long it took.
        stopped: Why it has stopped early; None if it is complete.
    """
    left = 0 if stopped is None else None
    if stopped is not None and total is not None:
        left = max(0, total - totals.done)
    return BatchReport(
        id=id_,
        ok=totals.ok,
        failed=totals.failed,
        earlier=totals.earlier,
        left=left,
        errors=dict(sorted(totals.errors.items())),
        models=dict(sorted(totals.models.items())),
        tokens_in=totals.tokens_in,
        tokens_out=totals.tokens_out,
        tokens_cached=totals.tokens_cached,
        cost=totals.cost,
        unknown_costs=totals.unknown_costs,
        spent=spent,
        seconds=seconds,
        stopped=None if stopped is None else stopped.cause,
        message=None if stopped is None else stopped.message,
        exit_code=exit_code(stopped, totals.failed),
    )


def progress_of(
    totals: Totals,
    settings: BatchSettings,
    pace: Pace | None,
    *,
    total: int | None,
    in_flight: int,
    waiting: int,
    rate: float,
    spent: Decimal,
    seconds: float,
    trouble: str | None,
) -> BatchProgress:
    """Return how far a run is.

    Args:
        totals: The totals of the run.
        settings: The settings of the job.
        pace: The pace of its requests.
        total: The number of rows, if it is known.
        in_flight: Rows on their way.
        waiting: Rows that wait.
        rate: Rows done in a second.
        spent: USD for all runs.
        seconds: Seconds since the run began.
        trouble: Why it can't go on at the moment.
    """
    left = None if total is None or rate <= 0 else max(0, total - totals.done) / rate
    states = () if pace is None else pace.states()
    return BatchProgress(
        done=totals.done,
        total=total,
        ok=totals.ok,
        failed=totals.failed,
        earlier=totals.earlier,
        in_flight=in_flight,
        waiting=waiting,
        rate=rate,
        cost=totals.cost,
        spent=spent,
        max_cost=settings.max_cost,
        seconds=seconds,
        left_seconds=left,
        models=tuple(
            ModelPace(each.model, each.in_flight, each.window, each.resumes_in) for each in states
        ),
        trouble=trouble,
    )
