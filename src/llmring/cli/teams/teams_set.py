"""llmring teams set: change the settings of a team."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import changed_team, team_named
from llmring.cli.keys.key_settings import add_limits, given_settings, opened_store, print_settings
from llmring.cli.output import print_error, print_json

EXAMPLES = """examples:
  llmring teams set search --monthly-budget 800
  llmring teams set search --rpm none

none takes a setting away. Running gateways follow within 2 seconds."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the team")
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Change the settings, and print them all."""
    fields = given_settings(args)
    if not fields:
        print_error("give at least one setting, such as --rpm 60")
        return 2
    with opened_store() as store:
        team = team_named(store.change(changed_team(args.name, fields)), args.name)
    if args.json:
        print_json(shown(team))
    else:
        print_settings(team, {})
    return 0
