"""llmring batch status: show how far a batch is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.cli.batch.vendor_options import add_ring_options, ring_of
from llmring.cli.output import print_json, print_out

if TYPE_CHECKING:
    from llmring.batch.journal.job_status import JobStatus
    from llmring.batch.vendors.vendor_status import VendorStatus

EXAMPLES = """examples:
  llmring batch status out.csv.llmring
  llmring batch status out.csv.llmring --json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="DIR", help="the folder of the job, such as OUT.llmring")
    parser.add_argument("--json", action="store_true", help="print the state as JSON")
    add_ring_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the state of the job."""
    from msgspec.structs import asdict

    from llmring.batch.journal.job_status import job_status
    from llmring.batch.vendors.vendor_notes import NOTES

    folder = Path(args.folder)
    status = job_status(folder)
    vendor = _at_vendor(args) if status.running is None and (folder / NOTES).exists() else None
    if args.json:
        print_json(status if vendor is None else {**asdict(status), "vendor": vendor})
        return 0
    for line in status_lines(status):
        print_out(line)
    if vendor is not None:
        from llmring.cli.batch.vendor_command import vendor_lines

        for line in vendor_lines(vendor):
            print_out(line)
    return 0


def _at_vendor(args: argparse.Namespace) -> VendorStatus:
    from llmring.cli.batch.vendor_command import look_at_vendor

    return look_at_vendor(Path(args.folder), ring_of(args))


def status_lines(status: JobStatus) -> list[str]:
    """Return the state of a job as lines."""
    from llmring.registry.price import dollars

    state = "not running" if status.running is None else f"running: {status.running}"
    lines = [
        f"batch {status.id}, {state}",
        f"input {', '.join(status.inputs) or 'of a program'}",
        f"{status.ok} rows ok, {status.failed} failed, {status.to_retry} to be asked again",
    ]
    lines += [f"  {name}: {count}" for name, count in sorted(status.error_classes.items())]
    lines += [f"  {name}: {count} rows" for name, count in sorted(status.models.items())]
    unknown = f", {status.unknown_costs} requests of unknown cost" if status.unknown_costs else ""
    lines.append(
        f"{status.tokens_in} tokens in, {status.tokens_out} out, "
        f"cost {dollars(status.spent)}{unknown}"
    )
    return lines
