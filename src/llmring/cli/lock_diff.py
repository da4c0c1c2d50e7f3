"""llmring lock diff: what two lockfiles say differently, whatever their texts look like."""

import argparse
import sys
from pathlib import Path

from llmring.cli.output import complain, note, say, say_json
from llmring.exceptions import LockfileError
from llmring.lockfile import file
from llmring.lockfile.compare import Change, changes
from llmring.lockfile.document import Lockfile, parse

EXAMPLES = """examples:
  llmring lock diff old.lock llmring.lock
  git show HEAD:llmring.lock | llmring lock diff - llmring.lock

The exit code is 0 if both say the same, 1 if they differ, and 2 if one of them
can't be read. The aliases that a profile inherits are compared as its own."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("before", metavar="A", help="a lockfile; - for what is piped in")
    parser.add_argument("after", metavar="B", help="the lockfile to compare with it; - likewise")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print what differs, one change a line."""
    if args.before == args.after == "-":
        complain("only one of the two lockfiles can be piped in")
        return 2
    try:
        found = changes(_read(args.before), _read(args.after))
    except LockfileError as error:
        # As for diff(1), so that scripts can tell a difference from a failure.
        complain(str(error))
        return 2
    if args.json:
        say_json([_plain(change) for change in found])
    else:
        for change in found:
            say(str(change))
    if not found:
        note("no difference")
    return 1 if found else 0


def _read(name: str) -> Lockfile:
    if name == "-":
        path = Path("standard input")
        data = b"" if sys.stdin is None else sys.stdin.buffer.read()
        return parse(file.decode(data, path), path)
    path = Path(name)
    return parse(file.read(path), path)


def _plain(change: Change) -> dict[str, object]:
    """A change for programs."""
    return {
        "kind": change.kind,
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "added": change.added,
        "removed": change.removed,
        "reordered": change.reordered,
    }
