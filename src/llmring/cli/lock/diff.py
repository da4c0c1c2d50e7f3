"""llmring lock diff: compare two lockfiles, and estimate the effect on cost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmring.cli.colour import Style
from llmring.cli.folded_lines import print_folded
from llmring.cli.output import print_error, print_json, print_note
from llmring.cli.project_options import add_all_projects_option
from llmring.exceptions import LockfileError
from llmring.lockfile import file, git_revision
from llmring.lockfile.compare import LockfileChange, changes
from llmring.lockfile.document import Lockfile, parse

if TYPE_CHECKING:
    from llmring.audit.cost_diff import AliasCostDiff, CostDiff

EXAMPLES = """examples:
  llmring lock diff old.lock llmring.lock
  llmring lock diff HEAD:llmring.lock llmring.lock
  llmring lock diff main:llmring.lock HEAD:llmring.lock --json
  git difftool -y -x "llmring lock diff" HEAD -- llmring.lock

Exit codes: 0 no difference; 1 differences; 2 a file can't be read. Inherited
aliases are compared as if they were the profile's own. The calls that were
recorded with these lockfiles in the last 30 days are priced with the first
model of either, at today's prices."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "before", metavar="A", help="a lockfile: a path, REV:PATH in git, or - for standard input"
    )
    parser.add_argument("after", metavar="B", help="the lockfile to compare with, in the same form")
    add_all_projects_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the changes, one per line, each followed by its effect on cost."""
    if args.before == args.after == "-":
        print_error("only one of the lockfiles can be -; name a file for the other")
        return 2
    try:
        before, after = _read(args.before), _read(args.after)
    except LockfileError as error:
        # Like diff(1), so that scripts can distinguish a difference from a failure.
        print_error(str(error))
        return 2
    found = changes(before, after)
    if not found:
        if args.json:
            print_json([])
        print_note("no difference")
        return 0
    from llmring.audit.cost_diff import cost_diff

    costs = cost_diff(before, after, all_projects=args.all_projects)
    if args.json:
        print_json(_all_to_json(found, costs))
    else:
        _print_changes(found, costs)
    if costs.ledger_problem:
        print_note(f"the ledger can't be read, so usage is not counted: {costs.ledger_problem}")
    return 1


# Added is green and removed is red, as in git.
_STYLES: dict[str, Style] = {"added": "ok", "removed": "error"}


def _print_changes(found: Sequence[LockfileChange], costs: CostDiff) -> None:
    reported = set()
    for change in found:
        print_folded(str(change), _STYLES.get(change.kind))
        amount = _of(change, costs)
        if amount is not None:
            reported.add(change.key)
            _print_cost(amount)
    for key, amount in costs.aliases.items():
        if key not in reported:
            print_folded(f"{key}: same models, but the facts known about them differ")
            _print_cost(amount)


def _print_cost(amount: AliasCostDiff) -> None:
    for line in amount.lines():
        print_folded(f"    {line}")


def _of(change: LockfileChange, costs: CostDiff) -> AliasCostDiff | None:
    """Return the cost effect of a change, if it concerns the models of an alias."""
    models = isinstance(change.before, tuple) or isinstance(change.after, tuple)
    return costs.aliases.get(change.key) if models else None


def _read(name: str) -> Lockfile:
    path = Path(name)
    if name == "-":
        path = Path("standard input")
        data = b"" if sys.stdin is None else sys.stdin.buffer.read()
        return parse(file.decode(data, path), path)
    if git_revision.is_revision(name) and not path.exists():
        return parse(file.decode(git_revision.content(name), path), path)
    return parse(file.read(path), path)


def _all_to_json(found: Sequence[LockfileChange], costs: CostDiff) -> list[dict[str, Any]]:
    """Convert the changes to JSON-compatible data."""
    plain = [_change_to_json(change, _of(change, costs)) for change in found]
    reported = {each["key"] for each in plain if each["money"] is not None}
    for key, amount in costs.aliases.items():
        if key not in reported:
            models = tuple(str(model.ref) for model in amount.after)
            plain.append(_change_to_json(LockfileChange("changed", key, models, models), amount))
    return plain


def _change_to_json(change: LockfileChange, amount: AliasCostDiff | None) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "added": change.added,
        "removed": change.removed,
        "reordered": change.reordered,
        "money": amount.as_json if amount is not None else None,
    }
