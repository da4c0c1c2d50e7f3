"""llmring teams create: add a team."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import added_team, team_named
from llmring.cli.keys.key_settings import add_limits, given_settings, now, opened_store
from llmring.cli.output import print_json, print_note

EXAMPLES = """examples:
  llmring teams create --name search --monthly-budget 500
  llmring teams create --name batch --rpm 600 --max-concurrency 8

The limits of a team hold for all its keys together, next to their own."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--name", required=True, metavar="NAME", help="its name in the ledger")
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Add the team."""
    with opened_store() as store:
        stored = store.change(added_team(args.name, given_settings(args), now()))
    if args.json:
        print_json(shown(team_named(stored, args.name)))
    else:
        print_note(f"team {args.name!r} created; llmring keys create --team adds keys")
    return 0
