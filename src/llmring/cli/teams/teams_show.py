"""llmring teams show: show the settings of a team, and its keys."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import team_named
from llmring.cli.keys.key_settings import opened_store, print_settings, spent_by
from llmring.cli.output import print_json, print_out

EXAMPLES = """examples:
  llmring teams show search"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the team")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the settings."""
    with opened_store() as store:
        stored = store.read()
    team = team_named(stored, args.name)
    keys = [key.name for key in stored.keys if key.team == team.name and key.revoked is None]
    if args.json:
        print_json({**shown(team), "spent": spent_by(team), "keys": keys})
        return 0
    print_settings(team, spent_by(team))
    print_out(f"keys: {', '.join(keys) or 'none yet'}")
    return 0
