"""The report and the progress of a run, made of its totals."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from llmring.batch.engine.outcome_journal import Pace
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.batch.engine.reports.run_progress import BatchProgress, ModelPace
from llmring.batch.engine.reports.totals import Totals
from llmring.batch.engine.stop_reason import StopReason, exit_code


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


class RunState(Struct, frozen=True, kw_only=True):
    """The state of a run, apart from its totals.

    Attributes:
        total: The number of rows, if it is known.
        in_flight: Rows on their way.
        waiting: Rows that wait.
        rate: Rows done in a second.
        spent: USD for all runs.
        seconds: Seconds since the run began.
        trouble: Why it can't go on at the moment.
    """

    total: int | None
    in_flight: int
    waiting: int
    rate: float
    spent: Decimal
    seconds: float
    trouble: str | None


def progress_of(
    totals: Totals, state: RunState, max_cost: Decimal | None, pace: Pace | None
) -> BatchProgress:
    """Return how far a run is.

    Args:
        totals: The totals of the run.
        state: Its state.
        max_cost: USD that the job may cost; None for no limit.
        pace: The pace of its requests.
    """
    total, left = state.total, None
    if total is not None and state.rate > 0:
        left = max(0, total - totals.done) / state.rate
    states = () if pace is None else pace.states()
    return BatchProgress(
        done=totals.done,
        total=total,
        ok=totals.ok,
        failed=totals.failed,
        earlier=totals.earlier,
        in_flight=state.in_flight,
        waiting=state.waiting,
        rate=state.rate,
        cost=totals.cost,
        spent=state.spent,
        max_cost=max_cost,
        seconds=state.seconds,
        left_seconds=left,
        models=tuple(
            ModelPace(each.model, each.in_flight, each.window, each.resumes_in) for each in states
        ),
        trouble=state.trouble,
    )
