"""llmring doctor: check everything that calls need, and report how to fix it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmring.cli.colour import Style, Styled, columns
from llmring.cli.lockfile_options import add_options
from llmring.cli.output import print_json, print_line, print_note
from llmring.cli.text_width import folded
from llmring.cli.trust_check import add_trust_option, require_consent

if TYPE_CHECKING:
    from llmring.audit.machine import CheckResult

# The columns before the text of a line.
_INDENT = 6
_STYLES: dict[str, Style] = {"ok": "ok", "warn": "warning", "fail": "error"}

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
    add_trust_option(parser)
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the findings, one per line."""
    found: list[CheckResult] = []
    for finding in _findings(args):
        found.append(finding)
        if not args.json:
            print_finding(finding)
    counts = {state: sum(each.state == state for each in found) for state in ("fail", "warn")}
    if args.json:
        print_json({"ok": not counts["fail"], "findings": found})
    else:
        parts = [f"{count} {state}" for state, count in counts.items() if count]
        print_note(", ".join(parts) or "no problems found")
    return 1 if counts["fail"] else 0


def _findings(args: argparse.Namespace) -> Iterator[CheckResult]:
    from llmring.audit.machine import CHECKS, CheckResult, checked, look, versions
    from llmring.audit.storage import PLACES

    yield versions()
    setup = look(args.file, args.profile)
    if isinstance(setup, CheckResult):
        yield setup
        return
    yield from checked(setup, (*CHECKS, *PLACES))
    if args.live:
        require_consent(args)
        from llmring.audit.live import LIVE

        yield from checked(setup, LIVE)


def print_finding(finding: CheckResult) -> None:
    """Print a finding on one line, its state in colour."""
    state, rest = f"{finding.state:4}", finding_line(finding)[4:]
    shown = folded(rest.strip(), columns(sys.stdout), _INDENT, _INDENT)
    print_line(Styled(state, _STYLES[finding.state]), "  ", shown)


def finding_line(finding: CheckResult) -> str:
    """Return a finding on one line."""
    fix = f"; {finding.fix}" if finding.fix else ""
    message = " ".join(finding.message.split())
    return f"{finding.state:4}  {finding.check}: {message}{fix}"
