"""The estimate of a job: all of its rows are read, and none is sent."""

from __future__ import annotations

from collections.abc import Sequence

from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.estimate.answer_lengths import answer_lengths
from llmring.batch.estimate.batch_estimate import BatchEstimate, BatchEstimator
from llmring.ledger.entry import LedgerEntry
from llmring.routing.account import Account
from llmring.routing.targets import Target


def estimate_job(
    plan: JobPlan,
    targets: Sequence[Target],
    *,
    account: Account | None = None,
    expected: int | None = None,
    most: int | None = None,
    earlier: Sequence[LedgerEntry] = (),
    total: int | None = None,
) -> BatchEstimate:
    """Estimate a job.

    Args:
        plan: The plan of the job.
        targets: The models of its alias.
        account: The alias with its limits, if it has any.
        expected: Tokens of the average answer, if the user knows them.
        most: Tokens that an answer may have at most, if there is a limit.
        earlier: Earlier calls of the alias.
        total: The number of rows, if the plan has only a sample of them.
    """
    lengths = answer_lengths(expected, earlier, most)
    estimator = BatchEstimator(targets, lengths, plan.calls.today(), account)
    # Those that are chosen; `plan.requests` has all rows of the input.
    for row in plan.source:
        estimator.add(plan.builder.build(row))
    return estimator.estimate(total)
