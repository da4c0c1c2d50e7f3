"""llmring _serve_worker: answer client programs as one of several workers of llmring serve."""

from __future__ import annotations

import argparse
import os
import sys

EXAMPLES = """examples:
  llmring _serve_worker 5"""

# Without -P, Python would load modules from the working folder, even in place of its own.
_CODE = (
    "import os, sys; sys.path[:] = sys.argv.pop(1).split(os.pathsep); "
    "from llmring.cli.main import run; run()"
)


def command() -> list[str]:
    """Return the command that starts a worker, without the number of its socket."""
    path = os.pathsep.join(sys.path)
    return [sys.executable, "-P", "-c", _CODE, path, "_serve_worker"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "socket", metavar="SOCKET", type=int, help="the number of the socket to the parent process"
    )


def handle(args: argparse.Namespace) -> int:
    """Answer client programs until the parent process ends the worker."""
    from llmring.gateway.workers.worker import run_worker

    return run_worker(args.socket)
