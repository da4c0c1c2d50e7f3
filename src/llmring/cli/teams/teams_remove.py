"""llmring teams remove: remove a team that has no keys."""

from __future__ import annotations

import argparse

from llmring.access.key_edits import removed_team
from llmring.cli.keys.key_settings import opened_store
from llmring.cli.output import print_json, print_note

EXAMPLES = """examples:
  llmring teams remove search"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the team")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Remove the team."""
    with opened_store() as store:
        store.change(removed_team(args.name))
    if args.json:
        print_json({"name": args.name, "removed": True})
    else:
        print_note(f"team {args.name!r} removed")
    return 0
