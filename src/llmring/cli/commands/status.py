"""llmring status: show the lockfile, providers, circuits and today's spending."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.cli.lockfile_options import add_options
from llmring.cli.output import print_json, print_out, table
from llmring.lockfile.file import shown

if TYPE_CHECKING:
    from llmring.client.status import ProviderStatus, Status

EXAMPLES = """examples:
  llmring status
  llmring status --profile prod --json"""

_FOUND_BY = {
    "argument": "named by --file",
    "environment": "named by LLMRING_LOCKFILE_PATH",
    "folder": "in this folder",
    "package": "in the calling package",
    "bundled": "llmring's own; create yours: llmring lock init",
}

_IN_EACH_PROCESS = (
    "each process has its own, and this one has just started; call ring.status() in yours,\n"
    "or set LLMRING_REDIS_URL to share them"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the status."""
    from llmring import LLMRing

    with LLMRing(args.file) as ring:
        status = ring.status(args.profile).result()
    if args.json:
        print_json(status)
        return 0
    print_out(f"lockfile: {shown(Path(status.lockfile))} ({_FOUND_BY[status.found_by]})")
    if status.project != os.path.realpath(status.lockfile):
        print_out(f"project: {status.project}")
    print_out(f"profile: {status.profile}")
    _section("providers", _providers(status))
    _section(_circuits_title(status), _circuits(status))
    if status.spending:
        _section("spent today", _spending(status))
    return 0


def _section(title: str, lines: list[str]) -> None:
    print_out(f"\n{title}:")
    for line in lines:
        print_out(f"  {line}")


def _providers(status: "Status") -> list[str]:
    rows = [(each.name, _key(each), each.base_url) for each in status.providers]
    return table(rows) if rows else ["none used, and no key is set"]


def _key(provider: "ProviderStatus") -> str:
    if provider.problem is not None:
        return provider.problem
    if provider.key == "not needed":
        return "needs no key"
    unused = "" if provider.used else ", not used"
    return f"key set ({' or '.join(provider.variables)}){unused}"


def _circuits_title(status: "Status") -> str:
    if status.shared is None:
        return "circuits"
    return f"circuits in {status.shared}"


def _circuits(status: "Status") -> list[str]:
    if status.shared is None:
        return _IN_EACH_PROCESS.splitlines()
    if not status.reachable:
        return ["unreachable; meanwhile each process uses its own circuits"]
    states = {
        "open": "open for {seconds:.0f} s",
        "half-open": "retried with the next call",
        "closed": "closed",
    }
    rows = [
        (
            each.model,
            states[each.state].format(seconds=each.seconds),
            f"{each.failures} in a row",
            each.reason,
            each.address,
        )
        for each in status.circuits
    ]
    return table(rows) if rows else ["all closed"]


def _spending(status: "Status") -> list[str]:
    from llmring.registry.price import dollars

    return table(
        [
            (each.alias, f"{dollars(each.spent)} of {dollars(each.budget)}")
            for each in status.spending
        ]
    )
