"""llmring logs prune: remove old calls from the ledger."""

from __future__ import annotations

import argparse
from datetime import timedelta

from llmring.cli.argument_types import age
from llmring.cli.output import print_error, print_json, print_out
from llmring.cli.project_options import add_project_options, chosen_projects
from llmring.config.identity import real_path
from llmring.config.settings import find_active_lockfile, ledger_place, read_clock
from llmring.ledger.project import age_of
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.file import LockfileSource

EXAMPLES = """examples:
  llmring logs prune
  llmring logs prune --older-than 90d
  llmring logs prune --older-than 52w --all-projects

Removes calls of this project. Without --older-than, calls made with the
lockfile at this path are removed if they are older than its [ledger] keep.
The sums by day stay: llmring stats --daily"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--older-than",
        type=age,
        metavar="AGE",
        help="remove calls that began longer ago: 90d, 12w or 36h (default: the lockfile's keep)",
    )
    parser.add_argument(
        "--compact",
        action="store_true",
        help="make an SQLite file as small as it can be; nothing can be written meanwhile",
    )
    add_project_options(parser, "remove")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Remove the calls, and print their number."""
    from llmring.ledger.prune import prune
    from llmring.ledger.reader import CallFilter

    if args.older_than is None and args.all_projects:
        print_error("--all-projects needs --older-than, as keep is for one project")
        return 2
    source = find_active_lockfile(args.file)
    kept = args.older_than or _keep(source)
    if kept is None:
        print_error("give --older-than, such as 90d, or set [ledger] keep in the lockfile")
        return 2
    place = ledger_place()
    until = read_clock().now() - kept
    projects = chosen_projects(args, place)
    if projects is None and not args.all_projects:
        print_error(
            "without a lockfile of your own, the calls of all projects would be removed; if that "
            "is meant, add --all-projects"
        )
        return 2
    # As for `Ledger.keep`: a file's own setting does not reach calls of other files.
    path = real_path(source.path) if args.older_than is None else None
    span = CallFilter(until=until, projects=projects, lockfile=path)
    count = prune(place, span, compact=args.compact)
    if args.json:
        print_json({"removed": count, "until": until, "projects": projects})
    else:
        calls = f"{count:,} call{'s' if count != 1 else ''}"
        print_out(f"{calls} from before {until:%Y-%m-%d %H:%M} UTC removed")
    return 0


def _keep(source: LockfileSource) -> timedelta | None:
    """Return how long a lockfile keeps calls; None if it keeps all."""
    text = parse(file.read(source.path), source.path).ledger.get("keep")
    return None if text is None else age_of(text)
