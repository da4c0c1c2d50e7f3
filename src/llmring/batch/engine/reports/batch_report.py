"""The report on a run of a batch."""

from decimal import Decimal

from msgspec import Struct

from llmring.batch.engine.reports.totals import ModelTotals
from llmring.batch.engine.stop_reason import Cause
from llmring.plain_data import PlainData


class BatchReport(PlainData, Struct, frozen=True, kw_only=True):
    """The report on a run of a batch.

    Attributes:
        id: The ID of the job; calls have it in the ledger as the tag "batch=ID".
        ok: Rows with an answer.
        failed: Rows that have failed.
        earlier: Rows that were done in earlier runs.
        left: Rows that are not done; None if their number is unknown.
        errors: The numbers of failed rows by class of error.
        models: The totals by model.
        tokens_in: Tokens of the prompts, as far as known.
        tokens_out: Tokens of the answers, as far as known.
        tokens_cached: Tokens of the prompts that were read from a provider's cache.
        cost: USD for this run, as far as known.
        unknown_costs: Calls whose cost is unknown.
        spent: USD for all runs of the job, as far as known.
        seconds: How long the run took.
        stopped: Why it has stopped early; None if it is complete.
        message: The reason in words.
        exit_code: The exit code of the command.
    """

    __module__ = "llmring"

    id: str
    ok: int
    failed: int
    earlier: int
    left: int | None
    errors: dict[str, int]
    models: dict[str, ModelTotals]
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: Decimal
    unknown_costs: int
    spent: Decimal
    seconds: float
    stopped: Cause | None
    message: str | None
    exit_code: int
