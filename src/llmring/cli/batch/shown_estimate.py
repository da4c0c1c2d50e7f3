"""The estimate of a batch, as `llmring batch --dry-run` shows it."""

from __future__ import annotations

from decimal import Decimal

from llmring.batch.estimate.batch_estimate import BatchEstimate
from llmring.batch.estimate.usd_estimate import ModelEstimate
from llmring.cli.output import print_note, print_out
from llmring.cli.tables import print_table
from llmring.registry.money import UNKNOWN, usd

_HEAD = ("model", "low", "expected", "high", "as a vendor's batch")


def print_estimate(estimate: BatchEstimate) -> None:
    """Print an estimate."""
    about = "about " if estimate.is_sample else ""
    print_out(f"rows        {about}{estimate.rows:,}")
    if estimate.bad_rows:
        print_out(f"bad rows    {about}{estimate.bad_rows:,}")
        for reason, count in estimate.bad_reasons:
            print_out(f"            {count:,}: {reason}")
    print_out(f"tokens in   about {estimate.tokens_in:,}, at most {estimate.tokens_in_high:,}")
    print_out(
        f"tokens out  about {estimate.tokens_out:,}, at least {estimate.tokens_out_low:,} "
        f"({estimate.basis})"
    )
    if estimate.hours is not None:
        print_out(
            f"time        at least {_duration(estimate.hours)}, by the limits of the lockfile"
        )
    print_out()
    rows = [_row(model) for model in estimate.models]
    print_table(rows, head=_HEAD, head_in_pipes=True, numbers={1, 2, 3, 4})
    for model in estimate.models:
        if model.usd.reason is not None:
            print_note(f"{model.model}: {model.usd.reason}")
    if estimate.uncounted_files:
        print_note(f"the tokens of {estimate.uncounted_files:,} files are not counted")
    if estimate.is_sample:
        print_note("estimated from a sample of the rows")


def _row(model: ModelEstimate) -> list[str]:
    cost = model.usd
    return [model.model, *map(_usd, (cost.low, cost.expected, cost.high, model.usd_batch))]


def _usd(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else usd(amount)


def _duration(hours: float) -> str:
    minutes = round(hours * 60)
    if minutes < 1:
        return "a minute"
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
