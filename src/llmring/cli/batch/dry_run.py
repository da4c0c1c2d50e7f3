"""The estimate of a batch that is not sent: `llmring batch --dry-run`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import msgspec

from llmring.batch.engine.job_options import JobOptions, plan_of
from llmring.batch.estimate.job_estimate import estimate_job
from llmring.cli.batch.shown_estimate import print_estimate
from llmring.cli.output import print_error
from llmring.client.batches.ring_batch_calls import RingBatchCalls
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.client.ring import LLMRing

# Earlier calls of an alias whose answers are looked at.
_EARLIER_CALLS = 1000


def dry_run(args: argparse.Namespace, ring: LLMRing, options: JobOptions) -> int:
    """Show the estimate of a batch, and return the exit code."""
    alias = options.alias
    if alias is None:
        print_error("--dry-run needs the alias whose models are priced; give one with --alias")
        return 2
    calls = RingBatchCalls(ring)
    try:
        plan = plan_of(options, calls)
        total = None
        if options.sample is not None:
            whole = plan_of(msgspec.structs.replace(options, sample=None), calls)
            total = sum(1 for _ in whole.source)
    except ValidationError as error:
        print_error(str(error))
        return 2
    print_estimate(
        estimate_job(
            plan,
            calls.models_with_or_without_keys(alias, options.profile),
            account=calls.account(alias, options.profile),
            expected=args.expect_output,
            most=args.max_tokens,
            earlier=calls.earlier_calls(alias, _EARLIER_CALLS),
            total=total,
        )
    )
    return 0
