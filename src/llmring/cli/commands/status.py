"""llmring status: show the lockfile, providers, circuits and today's spending."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.cli.colour import Style, Styled
from llmring.cli.folded_lines import print_folded
from llmring.cli.lockfile_options import add_options
from llmring.cli.output import print_json, print_out
from llmring.cli.remote.gateway_client import add_url_option
from llmring.cli.remote.remote_status import print_remote_status
from llmring.cli.tables import Cell, print_section, print_table
from llmring.lockfile.file import shown

if TYPE_CHECKING:
    from llmring.client.status import ProviderStatus, Status

EXAMPLES = """examples:
  llmring status
  llmring status --profile prod --json
  llmring status --url http://127.0.0.1:4180

With --url, a running gateway is asked; --file and --profile have no effect."""

_FOUND_BY = {
    "argument": "named by --file",
    "environment": "named by LLMRING_LOCKFILE_PATH",
    "folder": "in this folder",
    "package": "in the calling package",
    "bundled": "llmring's own; create yours: llmring lock init",
}

_IN_EACH_PROCESS = (
    "each process has its own, and this one has just started; call ring.status() in yours, "
    "or set LLMRING_REDIS_URL to share them"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_options(parser)
    add_url_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the status."""
    if args.url is not None:
        return print_remote_status(args)
    from llmring import LLMRing

    with LLMRing(args.file) as ring:
        status = ring.status(args.profile).result()
    if args.json:
        print_json(status)
        return 0
    print_folded(f"lockfile: {shown(Path(status.lockfile))} ({_FOUND_BY[status.found_by]})")
    if status.project != os.path.realpath(status.lockfile):
        print_folded(f"project: {status.project}")
    print_out(f"profile: {status.profile}")
    _section("providers", _providers(status))
    _section(_circuits_title(status), _circuits(status))
    if status.spending:
        _section("spent today", _spending(status))
    return 0


_Rows = list[tuple[Cell, ...]]


def _section(title: str, rows: _Rows) -> None:
    print_section(title)
    print_table(rows, indent="  ", whole=True)


def _providers(status: "Status") -> _Rows:
    rows: _Rows = [(each.name, _key(each), each.base_url) for each in status.providers]
    return rows or [("none used, and no key is set",)]


def _key(provider: "ProviderStatus") -> Cell:
    if provider.problem is not None:
        return Styled(provider.problem, "warning")
    if provider.key == "not needed":
        return "needs no key"
    unused = "" if provider.used else ", not used"
    source = f" ({' or '.join(provider.variables)})" if provider.variables else ""
    return Styled(f"key set{source}{unused}", "ok")


def _circuits_title(status: "Status") -> str:
    if status.shared is None:
        return "circuits"
    return f"circuits in {status.shared}"


def _circuits(status: "Status") -> _Rows:
    if status.shared is None:
        return [(_IN_EACH_PROCESS,)]
    if not status.reachable:
        return [(Styled("unreachable; meanwhile each process uses its own circuits", "warning"),)]
    states = {
        "open": "open for {seconds:.0f} s",
        "half-open": "retried with the next call",
        "closed": "closed",
    }
    styles: dict[str, Style] = {"open": "error", "half-open": "warning", "closed": "ok"}
    rows: _Rows = [
        (
            each.model,
            Styled(states[each.state].format(seconds=each.seconds), styles[each.state]),
            f"{each.failures} in a row",
            each.reason,
            each.address,
        )
        for each in status.circuits
    ]
    return rows or [("all closed",)]


def _spending(status: "Status") -> _Rows:
    from llmring.registry.price import dollars

    return [
        (each.alias, f"{dollars(each.spent)} of {dollars(each.budget)}") for each in status.spending
    ]
