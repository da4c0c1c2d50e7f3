"""The plan of a job at a vendor: what its folder keeps of it, and what it must fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from llmring.batch.engine.job_options import JobOptions
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.estimate.answer_lengths import answer_lengths
from llmring.batch.estimate.batch_estimate import BatchEstimator
from llmring.batch.input.row_source import Row
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_file import read_job
from llmring.batch.row import RowRequest
from llmring.batch.vendors.choice import first_with_batches
from llmring.batch.vendors.vendor_clock import VendorClock
from llmring.batch.vendors.vendor_notes import NOTES, VendorNotes
from llmring.batch.vendors.vendor_progress import VendorProgress, progress_of
from llmring.exceptions import ConfigurationError, ValidationError
from llmring.registry.batch_rates import batch_rate
from llmring.routing.targets import Target

MODE = "provider-batch"

# The options that make the requests of rows.
_NAMES = (
    "alias",
    "prompt",
    "system",
    "schema",
    "id_column",
    "format",
    "delimiter",
    "null",
    "images",
    "files",
    "skip",
    "limit",
    "sample",
    "seed",
    "profile",
    "fields",
)


class RowRequests:
    """The requests of a job's rows, which can be gone through repeatedly.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: JobPlan) -> None:
        self._plan = plan

    def __iter__(self) -> Iterator[RowRequest]:
        for row in self._plan.source:
            request = self._plan.builder.build(row)
            if isinstance(request, RowRequest):
                yield request


def vendor_plan(plan: JobPlan, options: JobOptions) -> JobPlan:
    """Return a plan for a job at a vendor, whose folder keeps how its requests are made.

    Raises:
        ValidationError: An option makes no sense at a vendor.
    """
    faults = {
        "a vendor's batch asks one model; give it with --alias": options.alias is None,
        "a vendor's batch needs a folder for the job; give -o OUT": plan.folder is None,
        "a vendor's batch reads the input repeatedly; write it to a file": (
            not plan.source.is_repeatable
        ),
        "a vendor's batch asks each row in order; leave out --dedupe, --shuffle and "
        "--cache-system": options.dedupe or options.shuffle or options.cache_system,
    }
    fault = next((fault for fault, is_found in faults.items() if is_found), None)
    if fault is not None:
        raise ValidationError(fault)
    kept = {name: getattr(options, name) for name in _NAMES}
    kept = {name: list(each) if isinstance(each, tuple) else each for name, each in kept.items()}
    return replace(plan, kept={**(plan.kept or {}), "mode": MODE, "request": kept})


def kept_options(path: Path, settings: Mapping[str, Any]) -> JobOptions:
    """Return the options of a job at a vendor, as its folder has them."""
    return JobOptions(rows=settings["inputs"], job=path, **settings["request"])


def is_at_vendor(path: Path) -> bool:
    """Return True if a folder is that of a job at a vendor."""
    return (path / NOTES).exists()


def target_of(plan: JobPlan) -> Target:
    """Return the model that the vendor's batches ask.

    Raises:
        ConfigurationError: No model of the alias has batches.
    """
    return first_with_batches(plan.calls.models(plan.settings.alias or "", plan.settings.profile))


def progress_in(path: Path, clock: VendorClock) -> VendorProgress:
    """Return the progress of the job in a folder at its vendor."""
    notes = VendorNotes(path, clock.now)
    try:
        return progress_of(notes.read())
    finally:
        notes.close()


def require_same(path: Path, description: JobDescription, progress: VendorProgress) -> None:
    """Check that batches at work ask what the job asks now.

    Raises:
        ConfigurationError: They ask something else.
    """
    job = read_job(path)
    at_work = progress.is_split and not progress.is_done
    if progress.is_cancelled:
        at_work = any(part.is_open or part.has_ended for part in progress.parts.values())
    if job is None or not at_work:
        return
    differences = job.description.differences(description)
    if differences:
        raise ConfigurationError(
            f"{path} has batches at its vendor that ask something else ({', '.join(differences)}); "
            f"wait for them with the command as before, stop them with `llmring batch cancel "
            f"{path}`, or begin again with --restart"
        )


def most_usd(plan: JobPlan, target: Target, rows: Iterable[Row]) -> Decimal | None:
    """Return the USD that the batches of rows may cost at most; None if that is unknown."""
    rate = batch_rate(target.ref.provider, target.ref.model)
    if rate is None:
        return None
    lengths = answer_lengths(None, (), None)
    estimator = BatchEstimator([target], lengths, plan.calls.today())
    for row in rows:
        estimator.add(plan.builder.build(row))
    high = estimator.estimate().models[0].usd.high
    return None if high is None else high * rate.factor
