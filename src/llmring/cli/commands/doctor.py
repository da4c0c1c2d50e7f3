"""llmring doctor: check everything that calls need, and report how to fix it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmring.cli.lockfile_options import add_options
from llmring.cli.output import note, say, say_json

if TYPE_CHECKING:
    from llmring.audit.machine import Finding

EXAMPLES = """examples:
  llmring doctor
  llmring doctor --profile prod --live
  llmring doctor --json

Checks the lockfile, its profiles, keys (never shown), addresses, extras,
clock, proxy, registry, ledger, Redis and the local model. Only Redis is
contacted, unless --live is given: it makes a call of one token to each
provider of the profile, at a small cost. Exit codes: 0 no check failed;
1 some did."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--live", action="store_true", help="call each provider for one token, and report the cost"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the findings, one per line."""
    found: list[Finding] = []
    for finding in _findings(args):
        found.append(finding)
        if not args.json:
            say(_line(finding))
    counts = {state: sum(each.state == state for each in found) for state in ("fail", "warn")}
    if args.json:
        say_json({"ok": not counts["fail"], "findings": found})
    else:
        told = [f"{count} {state}" for state, count in counts.items() if count]
        note(", ".join(told) or "no problems found")
    return 1 if counts["fail"] else 0


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    from llmring.audit.machine import CHECKS, Finding, checked, look, versions
    from llmring.audit.storage import PLACES

    yield versions()
    setup = look(args.file, args.profile)
    if isinstance(setup, Finding):
        yield setup
        return
    yield from checked(setup, (*CHECKS, *PLACES))
    if args.live:
        from llmring.audit.live import LIVE

        yield from checked(setup, LIVE)


def _line(finding: Finding) -> str:
    mend = f"; {finding.mend}" if finding.mend else ""
    message = " ".join(finding.message.split())
    return f"{finding.state:4}  {finding.check}: {message}{mend}"
