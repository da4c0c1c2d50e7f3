"""llmring lock diff: compare two lockfiles, and estimate the effect on cost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmring.cli.output import complain, note, say, say_json
from llmring.exceptions import LockfileError
from llmring.lockfile import file, git_revision
from llmring.lockfile.compare import Change, changes
from llmring.lockfile.document import Lockfile, parse

if TYPE_CHECKING:
    from llmring.audit.cost_diff import Changes, Money

EXAMPLES = """examples:
  llmring lock diff old.lock llmring.lock
  llmring lock diff HEAD:llmring.lock llmring.lock
  llmring lock diff main:llmring.lock HEAD:llmring.lock --json
  git difftool -y -x "llmring lock diff" HEAD -- llmring.lock

Exit codes: 0 no difference; 1 differences; 2 a file can't be read. Inherited
aliases are compared as if they were the profile's own. The recorded calls of
the last 30 days are priced with the first model of either lockfile, at
today's prices."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "before", metavar="A", help="a lockfile: a path, REV:PATH in git, or - for standard input"
    )
    parser.add_argument("after", metavar="B", help="the lockfile to compare with, in the same form")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the changes, one per line, each followed by its effect on cost."""
    if args.before == args.after == "-":
        complain("only one of the lockfiles can be -; name a file for the other")
        return 2
    try:
        before, after = _read(args.before), _read(args.after)
    except LockfileError as error:
        # Like diff(1), so that scripts can distinguish a difference from a failure.
        complain(str(error))
        return 2
    found = changes(before, after)
    if not found:
        if args.json:
            say_json([])
        note("no difference")
        return 0
    from llmring.audit.cost_diff import money

    comes_to = money(before, after)
    if args.json:
        say_json(_all_plain(found, comes_to))
    else:
        _say(found, comes_to)
    if comes_to.trouble:
        note(f"the ledger can't be read, so usage is not counted: {comes_to.trouble}")
    return 1


def _say(found: Sequence[Change], comes_to: Changes) -> None:
    told = set()
    for change in found:
        say(str(change))
        amount = _of(change, comes_to)
        if amount is not None:
            told.add(change.key)
            _say_money(amount)
    for key, amount in comes_to.aliases.items():
        if key not in told:
            say(f"{key}: same models, but the facts known about them differ")
            _say_money(amount)


def _say_money(amount: Money) -> None:
    for line in amount.lines():
        say(f"    {line}")


def _of(change: Change, comes_to: Changes) -> Money | None:
    """Return the cost effect of a change, if it concerns the models of an alias."""
    models = isinstance(change.before, tuple) or isinstance(change.after, tuple)
    return comes_to.aliases.get(change.key) if models else None


def _read(name: str) -> Lockfile:
    path = Path(name)
    if name == "-":
        path = Path("standard input")
        data = b"" if sys.stdin is None else sys.stdin.buffer.read()
        return parse(file.decode(data, path), path)
    if git_revision.is_revision(name) and not path.exists():
        return parse(file.decode(git_revision.content(name), path), path)
    return parse(file.read(path), path)


def _all_plain(found: Sequence[Change], comes_to: Changes) -> list[dict[str, Any]]:
    """Convert the changes to JSON-compatible data."""
    plain = [_plain(change, _of(change, comes_to)) for change in found]
    told = {each["key"] for each in plain if each["money"] is not None}
    for key, amount in comes_to.aliases.items():
        if key not in told:
            models = tuple(str(offer.ref) for offer in amount.after)
            plain.append(_plain(Change("changed", key, models, models), amount))
    return plain


def _plain(change: Change, amount: Money | None) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "added": change.added,
        "removed": change.removed,
        "reordered": change.reordered,
        "money": amount.plain if amount is not None else None,
    }
