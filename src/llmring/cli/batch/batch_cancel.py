"""llmring batch cancel: stop a batch that runs on this machine."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import time
from pathlib import Path

from llmring.cli.batch.vendor_options import add_ring_options, ring_of
from llmring.cli.output import print_error, print_note

EXAMPLES = """examples:
  llmring batch cancel out.csv.llmring

The rows in flight are written, and the job can go on later. Batches at a
vendor are cancelled, and the answers that they have are fetched."""

_SECONDS = 15.0
_LOOK_SECONDS = 0.1
_PROCESS = re.compile(r"process (\d+)")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="DIR", help="the folder of the job, such as OUT.llmring")
    add_ring_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Stop the run, wait until it has ended, and cancel the batches at a vendor."""
    from llmring.batch.vendors.vendor_notes import NOTES

    code = _stop(args)
    if code or not (Path(args.folder) / NOTES).exists():
        return code
    from llmring.cli.batch.vendor_command import cancel_at_vendor

    return cancel_at_vendor(Path(args.folder), ring_of(args))


def _stop(args: argparse.Namespace) -> int:
    from llmring.batch.journal.job_status import job_status

    folder = Path(args.folder)
    status = job_status(folder)
    if status.running is None:
        print_note(f"batch {status.id} is not running")
        return 0
    found = _PROCESS.search(status.running)
    if found is None or not status.running.endswith(socket.gethostname()):
        print_error(f"batch {status.id} runs as {status.running}; stop it there")
        return 1
    try:
        os.kill(int(found[1]), signal.SIGTERM)
    except ProcessLookupError:
        return 0
    until = time.monotonic() + _SECONDS
    while job_status(folder).running is not None:
        if time.monotonic() > until:
            print_error(f"{status.running} has not ended yet")
            return 1
        time.sleep(_LOOK_SECONDS)
    print_note(f"batch {status.id} is stopped")
    return 0
